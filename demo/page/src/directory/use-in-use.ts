import { type FocusEvent, type PointerEvent, useState } from 'react'
import { useMedia } from '../shell/use-media.ts'

/** Whether moving a card could move what somebody is about to press, and what has to be listened to for knowing it. */
export function useInUse() {
  const [isPointed, setPointed] = useState(false)
  const [isFocused, setFocused] = useState(false)
  // A finger gives no warning, so with touch it always could.
  const isTouch = !useMedia('(hover: hover)')
  return {
    isInUse: isTouch || isPointed || isFocused,
    listeners: {
      onPointerEnter: ({ pointerType }: PointerEvent) => setPointed(pointerType !== 'touch'),
      onPointerLeave: () => setPointed(false),
      // What a mouse has pressed keeps the focus, too, and nobody looks at it any more.
      onFocus: ({ target }: FocusEvent) => setFocused(target.matches(':focus-visible')),
      onBlur: ({ currentTarget, relatedTarget }: FocusEvent) => {
        // From one card to the next it never left.
        if (!currentTarget.contains(relatedTarget)) setFocused(false)
      },
    },
  }
}
