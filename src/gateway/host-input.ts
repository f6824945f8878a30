import { isIP } from 'node:net'
import type { ProviderList, UserDataExport } from '../protocol/http.ts'
import { parseStatusChange } from '../protocol/schemas/status-change.ts'
import { PresenceError } from '../domain/errors.ts'
import type { HostInput, ProviderFilters } from '../service/presence-service.ts'
import type { HttpDoor } from './http/door.ts'
import { deviceInfoOf } from './socket/device-info.ts'
import { wordUserData } from './user-data.ts'
import { providerList, providerQuery } from './http/provider-routes.ts'

/** Reads what a host passes to the service by the same shapes as HTTP, so that both refuse the same with the same words. */
export function createHostInput(
  door: Pick<HttpDoor, 'verbs' | 'codec' | 'directoryIds' | 'clock'>,
): HostInput<ProviderList, UserDataExport> {
  const { verbs, codec, directoryIds, clock = Date.now } = door
  return {
    statusChange: parseStatusChange,
    exportUser: async (userId) => wordUserData(await verbs.exportUser(userId, 'host')),
    device: ({ ip_address, user_agent, ...rest }) =>
      deviceInfoOf({
        auth: rest,
        address: typeof ip_address === 'string' && isIP(ip_address) ? ip_address : '',
        headers: typeof user_agent === 'string' ? { 'user-agent': user_agent } : {},
      }),
    findProviders: async (cityId, serviceId, filters) => {
      if (!directoryIds) throw new PresenceError('NOT_FOUND', 'This system has no directory of providers.')
      const query = providerQuery(asQuery(cityId, serviceId, filters), codec, directoryIds)
      return providerList(await verbs.findProviders(query), query.sort, clock())
    },
  }
}

function asQuery(cityId: string | null, serviceId: string | null, filters: ProviderFilters): Record<string, unknown> {
  const { online_status, ...rest } = filters
  // Over HTTP all of it is text.
  const texts = Object.entries(rest).map(([name, value]) => [name, typeof value === 'number' ? String(value) : value])
  return {
    ...Object.fromEntries(texts),
    ...(cityId === null ? {} : { city_id: cityId }),
    ...(serviceId === null ? {} : { service_id: serviceId }),
    ...(online_status === undefined ? {} : { online_status: [online_status].flat().join(',') }),
  }
}
