const NAME = 'porchlight-operator'

/** What this tab came in with; null: it is not in. It goes with the tab, and no other sees it. */
export const keptToken = (): string | null => sessionStorage.getItem(NAME)

export const keepToken = (token: string): void => sessionStorage.setItem(NAME, token)

export const forgetToken = (): void => sessionStorage.removeItem(NAME)
