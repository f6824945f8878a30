import type { Stage } from './play-change.ts'

/** Something that can happen to Ben: how things stand before, and what happens. */
export interface Change {
  given(stage: Stage): Promise<unknown>
  when(stage: Stage): Promise<unknown>
}

const MINUTE = 60_000

const nothing = async (): Promise<void> => {}

/** Ben is online with a phone. */
const online = (stage: Stage) => stage.arrives('phone')

/** Ben is online with a phone and a laptop. */
async function onBoth(stage: Stage): Promise<void> {
  await stage.arrives('phone')
  await stage.arrives('laptop')
}

/** Ben was here, and left an hour ago. */
async function gone(stage: Stage): Promise<void> {
  await stage.arrives('phone')
  await stage.leaves('phone')
  await stage.passes(60 * MINUTE)
}

const after =
  (...steps: readonly ((stage: Stage) => Promise<unknown>)[]) =>
  async (stage: Stage): Promise<void> => {
    for (const step of steps) await step(stage)
  }

const later = (stage: Stage) => stage.passes(MINUTE)
const usesLater = async (stage: Stage): Promise<void> => {
  await stage.passes(4 * MINUTE)
  await stage.uses('phone')
}
const hides = (stage: Stage) => stage.setVisible(false)
const shows = (stage: Stage) => stage.setVisible(true)
const choosesDnd = (stage: Stage) => stage.chooses({ status: 'dnd', message: 'On a roof' })

/** Every change that docs/protocol.md tells of, in its words and its order. */
export const CHANGES: Readonly<Record<string, Change>> = {
  'the first device connects, of somebody never seen': { given: nothing, when: (stage) => stage.arrives('phone') },
  'the first device connects, of somebody seen before': { given: gone, when: (stage) => stage.arrives('phone') },
  'a second device connects': { given: after(online, later), when: (stage) => stage.arrives('laptop') },
  'one of two devices leaves': { given: after(onBoth, later), when: (stage) => stage.leaves('laptop') },
  'the last device leaves': { given: after(online, later), when: (stage) => stage.leaves('phone') },
  'the last device is lost': { given: after(online, later), when: (stage) => stage.loses('phone') },
  'it is back within its grace': {
    given: after(online, later, (stage) => stage.loses('phone')),
    when: async (stage) => {
      await stage.passes(9_999)
      await stage.comesBack('phone')
      await stage.passes(MINUTE)
    },
  },
  'its grace passes': {
    given: after(online, later, (stage) => stage.loses('phone')),
    when: (stage) => stage.passes(10_000),
  },
  'one of two devices is lost, and its grace passes': {
    given: after(onBoth, later),
    when: after(
      (stage) => stage.loses('laptop'),
      (stage) => stage.passes(10_000),
    ),
  },
  'nobody uses any device for idleAfterMs': { given: onBoth, when: (stage) => stage.passes(5 * MINUTE) },
  'a sign of use after that': {
    given: after(onBoth, (stage) => stage.passes(6 * MINUTE)),
    when: (stage) => stage.uses('phone'),
  },
  'a sign of use before that': { given: after(onBoth, later), when: (stage) => stage.uses('phone') },
  'in use for longer than activityFlushMs': {
    given: after(onBoth, usesLater, usesLater),
    when: later,
  },
  'the user chooses dnd with a message': { given: after(onBoth, later), when: choosesDnd },
  'the user chooses away': { given: after(onBoth, later), when: (stage) => stage.chooses({ status: 'away' }) },
  'the same choice once more': {
    given: after(onBoth, later, choosesDnd, later),
    when: choosesDnd,
  },
  'only the message changes': {
    given: after(onBoth, later, choosesDnd, later),
    when: (stage) => stage.chooses({ status: 'dnd', message: 'On another roof' }),
  },
  'the user chooses online again and clears the message': {
    given: after(onBoth, later, choosesDnd, later),
    when: (stage) => stage.chooses({ status: 'online', message: null }),
  },
  'the choice expires': {
    given: after(onBoth, later, (stage) => stage.chooses({ status: 'dnd', message: 'On a roof', expires_in: 60 })),
    when: later,
  },
  'idle with a choice': {
    given: after(onBoth, choosesDnd),
    when: (stage) => stage.passes(5 * MINUTE),
  },
  'the last device leaves, a choice standing': {
    given: after(online, later, choosesDnd, later),
    when: (stage) => stage.leaves('phone'),
  },
  'a choice by HTTP while offline': { given: gone, when: choosesDnd },
  'the user hides': { given: after(onBoth, choosesDnd, later), when: hides },
  'a choice while hidden': { given: after(onBoth, hides, later), when: choosesDnd },
  'the last device leaves while hidden': {
    given: after(online, hides, later),
    when: (stage) => stage.leaves('phone'),
  },
  'the first device connects while hidden': {
    given: after(gone, hides, later),
    when: (stage) => stage.arrives('phone'),
  },
  'the user un-hides': { given: after(onBoth, later, hides, later, choosesDnd, later), when: shows },
  'the user hides while offline': { given: gone, when: hides },
  'the user un-hides while offline': { given: after(gone, hides, later), when: shows },
  'one of two devices is signed out': { given: after(onBoth, later), when: (stage) => stage.signsOut('laptop') },
  'all devices are signed out': { given: after(onBoth, later), when: (stage) => stage.signsOutEverywhere() },
  'one device more than maxSessionsPerUser': {
    given: after(onBoth, later),
    when: (stage) => stage.arrives('tablet'),
  },
  'the host calls broadcastPresence': { given: after(onBoth, later), when: (stage) => stage.repeats() },
}
