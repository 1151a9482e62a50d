/** More rows than clients that a run can have are a slip, and all workers hold them. */
const maxRows = 1_000_000

export type DataTable =
  | { readonly columns: readonly string[]; readonly rows: readonly Readonly<Record<string, string>>[] }
  | { readonly line: number; readonly problem: string }

/** Rows of a CSV file (RFC 4180; the first line names the columns) or of one with a JSON object a line. */
export function readDataFile(name: string, text: string): DataTable {
  const table = name.endsWith('.csv') ? readCsv(text) : readJsonLines(text)
  if ('problem' in table) return table
  if (table.rows.length === 0) return { line: 1, problem: 'no rows' }
  if (table.rows.length > maxRows) return { line: maxRows + 2, problem: `more than ${maxRows} rows` }
  return table
}

function readJsonLines(text: string): DataTable {
  const rows: Record<string, string>[] = []
  const columns = new Set<string>()
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    let value: unknown
    try {
      value = JSON.parse(line)
    } catch {
      return { line: index + 1, problem: 'not JSON; allowed: a JSON object on each line' }
    }
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return { line: index + 1, problem: 'not a JSON object; allowed: a JSON object on each line' }
    }
    const row: Record<string, string> = Object.create(null)
    for (const [column, each] of Object.entries(value)) {
      columns.add(column)
      row[column] = typeof each === 'string' ? each : JSON.stringify(each)
    }
    rows.push(row)
  }
  return { columns: [...columns], rows }
}

function readCsv(text: string): DataTable {
  const records = csvRecords(text.replace(/^\uFEFF/, ''))
  if ('problem' in records) return records
  const [head, ...body] = records.records
  if (head === undefined) return { line: 1, problem: 'empty; allowed: a line with the names of the columns, then rows' }
  const rows: Record<string, string>[] = []
  for (const { line, fields } of body) {
    if (fields.length !== head.fields.length) {
      return { line, problem: `found ${fields.length} fields; allowed: ${head.fields.length}, as in the first line` }
    }
    const row: Record<string, string> = Object.create(null)
    for (const [index, column] of head.fields.entries()) row[column] = fields[index] as string
    rows.push(row)
  }
  return { columns: head.fields, rows }
}

interface CsvRecord {
  readonly line: number
  readonly fields: string[]
}

function csvRecords(text: string): { records: CsvRecord[] } | { line: number; problem: string } {
  const records: CsvRecord[] = []
  const field = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n|$)/y
  let line = 1
  let fields: string[] = []
  let start = 1
  while (field.lastIndex < text.length || fields.length > 0) {
    const match = field.exec(text)
    if (match === null)
      return { line, problem: 'a quote where none may stand; in a field write it twice, and quotes around' }
    const [whole, quoted, plain, end] = match
    fields.push(quoted === undefined ? (plain as string) : quoted.replaceAll('""', '"'))
    line += whole.split('\n').length - 1
    if (end === ',') continue
    if (fields.length > 1 || fields[0] !== '') records.push({ line: start, fields })
    fields = []
    start = line
    if (end === '') break
  }
  return { records }
}
