/** Draws the button on a provider's page: it can be pressed only while they are online. */
export async function bookingButton(socket, providerId, draw) {
  socket.on('presenceUpdate', ({ userId, status }) => {
    if (userId === providerId) draw(status === 'online')
  })
  const { presences } = await socket.emitWithAck('watch', { users: [providerId] })
  draw(presences[0]?.online_status === 'online')
}

/** Takes a booking, unless the provider has left since the button was drawn. */
export function bookingRoute(app, presence) {
  app.post('/bookings/:providerId', async (req, res) => {
    const { online_status } = await presence.service.getUserPresence(req.params.providerId)
    res.sendStatus(online_status === 'online' ? 201 : 409)
  })
}
