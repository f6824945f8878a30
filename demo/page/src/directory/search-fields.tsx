import { useEffect, useState } from 'react'
import { type City, fetchCities, type Service } from '../api/directory.ts'
import { usePageServices } from '../page-services.ts'
import { Combobox } from './combobox.tsx'

const SUGGESTIONS = 8
/** Milliseconds without a key before the server is asked for cities. */
const TYPING_MS = 150

interface SearchFieldsProps {
  readonly city: string
  readonly service: string
  readonly services: readonly Service[]
  readonly onCity: (city: City) => void
  readonly onService: (service: Service) => void
}

/** The two questions everything begins with: where, and what. */
export function SearchFields({ city, service, services, onCity, onService }: SearchFieldsProps) {
  const [typedCity, setTypedCity] = useState<string | null>(null)
  const [typedService, setTypedService] = useState('')
  const { cities, loading } = useCitySuggestions(typedCity)
  const matching = services.filter(({ name }) => name.toLowerCase().includes(typedService.trim().toLowerCase()))

  return (
    <search className="search-fields">
      <Combobox
        label="Service"
        value={service}
        options={matching.map(({ id, name, providers }) => ({ id, label: name, count: providers }))}
        onSearch={setTypedService}
        onPick={({ id }) => {
          const picked = services.find((candidate) => candidate.id === id)
          if (picked) onService(picked)
        }}
      />
      <Combobox
        label="City"
        value={city}
        options={cities.map(({ id, name, country, providers }) => ({
          id,
          label: name,
          hint: country,
          count: providers,
        }))}
        loading={loading}
        onSearch={setTypedCity}
        onPick={({ id }) => {
          const picked = cities.find((candidate) => candidate.id === id)
          if (picked) onCity(picked)
        }}
      />
    </search>
  )
}

/** Cities whose name matches; nothing is asked before the field was opened. */
function useCitySuggestions(text: string | null): { cities: readonly City[]; loading: boolean } {
  const { http } = usePageServices()
  const [found, setFound] = useState<{ text: string; cities: readonly City[] }>({ text: '', cities: [] })

  useEffect(() => {
    if (text === null) return
    const stop = new AbortController()
    const timer = setTimeout(
      async () => {
        try {
          const cities = await fetchCities(http, text.trim(), SUGGESTIONS, stop.signal)
          setFound({ text, cities })
        } catch {
          // Suggestions are a help, not a need: the next key asks again.
        }
      },
      text === '' ? 0 : TYPING_MS,
    )
    return () => {
      clearTimeout(timer)
      stop.abort()
    }
  }, [http, text])

  return { cities: found.cities, loading: text !== null && text !== found.text }
}
