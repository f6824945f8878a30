const PROVIDER_FIELDS =
  'id name city_id city country service_id service service_ids services rating reviews price about simulated'.split(' ')

/** How the reference marketplace keeps its providers, for the option `directory`. */
export const MARKETPLACE_DIRECTORY = {
  providers: {
    table: 'provider_cards',
    id: 'id',
    city: 'city_id',
    rating: 'rating',
    price: 'price',
    name: 'name',
    fields: PROVIDER_FIELDS,
  },
  services: { table: 'provider_services', provider: 'user_id', service: 'service_id' },
}
