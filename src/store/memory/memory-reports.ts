import type { OpenReport, Report, ReportStore } from '../report-contract.ts'

/** Reports in memory, for tests. */
export function createMemoryReports(): ReportStore {
  let reports: (Report & OpenReport)[] = []
  let last = 0
  return {
    async save(report) {
      const isSame = (other: Report): boolean =>
        other.userId === report.userId && other.reporterId === report.reporterId && other.message === report.message
      if (reports.some(isSame)) return false
      last += 1
      reports.push({ ...report, id: String(last) })
      return true
    },
    open: async (after, limit) =>
      reports
        .filter(({ id }) => after === null || Number(id) > Number(after))
        .slice(0, limit)
        .map(({ id, userId, message, status, reason, at }) => ({ id, userId, message, status, reason, at })),
    async resolve(userId) {
      const before = reports.length
      reports = reports.filter((report) => report.userId !== userId)
      return before - reports.length
    },
  }
}
