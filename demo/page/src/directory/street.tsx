/** Houses of the street, each by its left edge, width, wall height and roof. */
const HOUSES = [
  { x: 0, width: 46, wall: 40, roof: 'gable' },
  { x: 50, width: 34, wall: 58, roof: 'flat' },
  { x: 88, width: 52, wall: 34, roof: 'gable' },
  { x: 144, width: 38, wall: 50, roof: 'gable' },
  { x: 186, width: 44, wall: 62, roof: 'flat' },
  { x: 234, width: 50, wall: 38, roof: 'gable' },
  { x: 288, width: 36, wall: 54, roof: 'gable' },
  { x: 328, width: 46, wall: 44, roof: 'flat' },
  { x: 378, width: 40, wall: 60, roof: 'gable' },
  { x: 422, width: 52, wall: 36, roof: 'gable' },
  { x: 478, width: 36, wall: 56, roof: 'flat' },
  { x: 518, width: 46, wall: 42, roof: 'gable' },
] as const

/** The order in which lamps go on, so that a few lit ones are spread along the street. */
const ORDER = [2, 7, 5, 10, 0, 8, 3, 11, 6, 1, 9, 4]

const GROUND = 96

/** A street in the evening: one lit porch for each person who is home, up to the last house. Only an ornament. */
export function Street({ lit }: { readonly lit: number }) {
  const on = new Set(ORDER.slice(0, lit))
  return (
    <svg
      className="street"
      viewBox="0 0 564 100"
      preserveAspectRatio="xMidYMax meet"
      aria-hidden="true"
      focusable="false"
    >
      <defs>
        <radialGradient id="porch-glow">
          <stop offset="0" stopColor="#ffca70" stopOpacity="0.75" />
          <stop offset="1" stopColor="#ffca70" stopOpacity="0" />
        </radialGradient>
      </defs>
      {HOUSES.map((house, index) => (
        <House key={house.x} house={house} lit={on.has(index)} />
      ))}
      <path className="street-ground" d={`M0 ${GROUND}h564v2H0z`} />
    </svg>
  )
}

function House({ house, lit }: { readonly house: (typeof HOUSES)[number]; readonly lit: boolean }) {
  const { x, width, wall, roof } = house
  const top = GROUND - wall
  const door = x + width / 2 - 5
  const gable = `M${x - 2} ${top}L${x + width / 2} ${top - 18}L${x + width + 2} ${top}z`
  const flat = `M${x - 2} ${top - 4}h${width + 4}v4h-${width + 4}z`
  return (
    <g className={lit ? 'house house-lit' : 'house'}>
      <path className="house-wall" d={`M${x} ${top}h${width}v${wall}h-${width}z`} />
      <path className="house-roof" d={roof === 'gable' ? gable : flat} />
      <path className="house-window" d={`M${x + 6} ${top + 8}h8v9h-8zM${x + width - 14} ${top + 8}h8v9h-8z`} />
      <circle className="house-glow" cx={x + width / 2} cy={GROUND - 16} r="24" fill="url(#porch-glow)" />
      <path className="house-door" d={`M${door} ${GROUND - 14}h10v14h-10z`} />
      <circle className="house-lamp" cx={x + width / 2} cy={GROUND - 18} r="2" />
    </g>
  )
}
