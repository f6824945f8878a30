import { Message } from './models.js'

export function addChat(io) {
  io.on('connection', (socket) => {
    const { id } = socket.user
    socket.join(`user:${id}`)
    socket.on('message', async ({ to, text }, done) => {
      const message = await Message.create({ senderId: id, recipientId: to, text })
      io.to(`user:${to}`).emit('message', message)
      done({ ok: true, id: message.id })
    })
    socket.on('typing', ({ to }) => io.to(`user:${to}`).emit('typing', { from: id }))
  })
}
