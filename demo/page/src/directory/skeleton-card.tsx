/** A card that is still to come, built from the same parts so that nothing moves when it arrives. */
export function SkeletonCard() {
  return (
    <li className="card skeleton">
      <div className="card-top">
        <span className="avatar avatar-medium" />
        <div className="card-who">
          <p className="card-name">
            <span className="bone bone-wide">&nbsp;</span>
          </p>
          <p className="card-facts">
            <span className="bone">&nbsp;</span>
          </p>
          <p className="card-status">
            <span className="bone bone-short">&nbsp;</span>
          </p>
        </div>
      </div>
      <p className="card-words">
        <span className="bone bone-full">&nbsp;</span>
      </p>
      <div className="card-foot">
        <p className="card-facts">
          <span className="bone bone-short">&nbsp;</span>
        </p>
        <span className="button bone">&nbsp;</span>
      </div>
    </li>
  )
}
