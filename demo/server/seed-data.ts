/** Where the demo's people live, most populated first: the weight falls with the place in this list. */
export const CITIES: readonly (readonly [name: string, countryCode: string])[] = [
  ['Lyon', 'FR'],
  ['Paris', 'FR'],
  ['London', 'GB'],
  ['New York City', 'US'],
  ['Berlin', 'DE'],
  ['Madrid', 'ES'],
  ['Mumbai', 'IN'],
  ['São Paulo', 'BR'],
  ['Tokyo', 'JP'],
  ['Lagos', 'NG'],
  ['Istanbul', 'TR'],
  ['Mexico City', 'MX'],
  ['Cairo', 'EG'],
  ['Seoul', 'KR'],
  ['Toronto', 'CA'],
  ['Sydney', 'AU'],
  ['Nairobi', 'KE'],
  ['Milan', 'IT'],
  ['Marseille', 'FR'],
  ['Barcelona', 'ES'],
  ['Hamburg', 'DE'],
  ['Los Angeles', 'US'],
  ['Chicago', 'US'],
  ['Delhi', 'IN'],
  ['Bengaluru', 'IN'],
  ['Shanghai', 'CN'],
  ['Beijing', 'CN'],
  ['Jakarta', 'ID'],
  ['Manila', 'PH'],
  ['Bangkok', 'TH'],
  ['Ho Chi Minh City', 'VN'],
  ['Karachi', 'PK'],
  ['Dhaka', 'BD'],
  ['Tehran', 'IR'],
  ['Casablanca', 'MA'],
  ['Accra', 'GH'],
  ['Johannesburg', 'ZA'],
  ['Kinshasa', 'CD'],
  ['Addis Ababa', 'ET'],
  ['Dar es Salaam', 'TZ'],
  ['Buenos Aires', 'AR'],
  ['Lima', 'PE'],
  ['Bogotá', 'CO'],
  ['Santiago', 'CL'],
  ['Rome', 'IT'],
  ['Vienna', 'AT'],
  ['Warsaw', 'PL'],
  ['Prague', 'CZ'],
  ['Budapest', 'HU'],
  ['Bucharest', 'RO'],
  ['Kyiv', 'UA'],
  ['Athens', 'GR'],
  ['Lisbon', 'PT'],
  ['Amsterdam', 'NL'],
  ['Brussels', 'BE'],
  ['Zürich', 'CH'],
  ['Stockholm', 'SE'],
  ['Copenhagen', 'DK'],
  ['Dublin', 'IE'],
  ['Montréal', 'CA'],
  ['Melbourne', 'AU'],
  ['Singapore', 'SG'],
  ['Dakar', 'SN'],
  ['Tunis', 'TN'],
]

export interface Trade {
  readonly name: string
  readonly plural: string
  readonly slug: string
  /** How many have it, relative to the others. */
  readonly weight: number
  /** EUR per hour, from and to. */
  readonly price: readonly [number, number]
  /** What they say of their work; `{years}` is filled in. */
  readonly about: readonly string[]
}

export const TRADES: readonly Trade[] = [
  trade(
    'Plumber',
    'plumbers',
    14,
    [38, 85],
    [
      '{years} years of leaks, boilers and bathrooms.',
      'Burst pipes first, everything else by appointment.',
      'New bathrooms, old pipes, fair prices.',
    ],
  ),
  trade(
    'Electrician',
    'electricians',
    11,
    [40, 90],
    [
      'Certified for homes and small shops, {years} years.',
      'From a dead socket to a new fuse board.',
      'Tidy wiring, explained in plain words.',
    ],
  ),
  trade(
    'Locksmith',
    'locksmiths',
    6,
    [45, 110],
    [
      'Locked out? Usually there within forty minutes.',
      'Doors opened without damage, {years} years of practice.',
      'Locks, safes and the odd bicycle chain.',
    ],
  ),
  trade(
    'Cleaner',
    'cleaners',
    11,
    [16, 32],
    [
      'Flats, stairwells and the day after the party.',
      '{years} years, references from the whole street.',
      'I bring everything, and I am fond of dogs.',
    ],
  ),
  trade(
    'Tutor',
    'tutors',
    9,
    [18, 55],
    [
      'Mathematics and physics, patient for {years} years.',
      'Languages for beginners and for exams.',
      'School subjects, at your table or by video.',
    ],
  ),
  trade(
    'Gardener',
    'gardeners',
    6,
    [22, 48],
    [
      'Hedges, fruit trees and small gardens.',
      'Balconies that survive August, {years} years of them.',
      'Pruning, planting and honest advice.',
    ],
  ),
  trade(
    'Painter',
    'painters',
    6,
    [24, 52],
    [
      'Walls, windows and the edges done properly.',
      '{years} years with brush and roller; I move the furniture, too.',
      'Colour advice included.',
    ],
  ),
  trade(
    'Carpenter',
    'carpenters',
    5,
    [30, 68],
    [
      'Shelves that fit crooked walls.',
      'Doors, floors and repairs, {years} years.',
      'Built to measure, in local wood.',
    ],
  ),
  trade(
    'Photographer',
    'photographers',
    5,
    [45, 140],
    [
      'Weddings, portraits and small products.',
      '{years} years behind the lens, calm in front of it.',
      'Natural light, pictures within the week.',
    ],
  ),
  trade(
    'Translator',
    'translators',
    4,
    [25, 70],
    [
      'Contracts, letters and certificates, sworn.',
      'Four languages, {years} years.',
      'I also come along to the office and interpret.',
    ],
  ),
  trade(
    'Nurse',
    'nurses',
    5,
    [25, 55],
    [
      'Home visits, dressings and injections.',
      '{years} years on the ward, now for you at home.',
      'Care for elderly people, day and night.',
    ],
  ),
  trade(
    'Vet',
    'vets',
    3,
    [50, 120],
    [
      'House calls for cats, dogs and rabbits.',
      '{years} years of small animals.',
      'Vaccinations and second opinions at home.',
    ],
  ),
  trade(
    'Piano tuner',
    'piano tuners',
    2,
    [55, 110],
    [
      'Uprights and grands, by ear, {years} years.',
      'Tuning, regulation and moth damage.',
      'Concert pitch, or what your piano can bear.',
    ],
  ),
  trade(
    'Bike mechanic',
    'bike mechanics',
    5,
    [20, 45],
    [
      'Repairs at your door, spare parts in the trailer.',
      'Brakes, gears and wheels, {years} years.',
      'Electric bikes, too.',
    ],
  ),
  trade(
    'Babysitter',
    'babysitters',
    5,
    [10, 22],
    [
      'Evenings and weekends, first aid certificate.',
      '{years} years, from newborns to homework.',
      'Stories, puzzles and early bedtimes.',
    ],
  ),
  trade(
    'IT help',
    'IT helpers',
    6,
    [28, 80],
    [
      'Printers, passwords and patience.',
      'Networks for homes and small offices, {years} years.',
      'I rescue data, and explain how not to lose it.',
    ],
  ),
]

export const MANNERS: readonly string[] = [
  'Usually answers within the hour.',
  'Weekends by arrangement.',
  'Estimate free of charge.',
  'Speaks English as well.',
  'Evenings are fine.',
  'Works in the whole city.',
  '',
]

function trade(name: string, plural: string, weight: number, price: readonly [number, number], about: string[]): Trade {
  return { name, plural, slug: name.toLowerCase().replaceAll(' ', '-'), weight, price, about }
}
