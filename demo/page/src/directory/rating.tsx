/** Stars out of five, as a number: five drawn stars say less and take more room. */
export function Rating({ rating, reviews }: { readonly rating: number; readonly reviews: number }) {
  if (reviews === 0) return <span className="reviews">No reviews yet</span>
  return (
    <span className="rating">
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" className="star">
        <path d="M8 1.6l1.9 4 4.4.5-3.3 3 .9 4.3L8 11.2l-3.9 2.2.9-4.3-3.3-3 4.4-.5z" />
      </svg>
      <span className="visually-hidden">Rated </span>
      {rating.toFixed(1)}
      <span className="visually-hidden"> of 5, </span>
      <span className="reviews">
        ({reviews}
        <span className="visually-hidden">{reviews === 1 ? ' review' : ' reviews'}</span>)
      </span>
    </span>
  )
}
