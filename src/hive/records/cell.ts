// Cells: i32 size (negative: allocated), then data; aligned to 8 bytes. Offsets count from the first hive bin (regf specification, "Cell").

/** Offset that points nowhere. */
export const NIL = 0xffffffff
/** Bytes of a cell before its data. */
export const CELL_HEADER = 4
/** Alignment of cells. */
export const CELL_ALIGN = 8

/** Size of a cell that holds `dataSize` bytes. */
export const cellSize = (dataSize: number): number => (CELL_HEADER + dataSize + CELL_ALIGN - 1) & -CELL_ALIGN

/** The two letters of a record, as the u16 they are read as. */
export const signature = (letters: string): number => letters.charCodeAt(0) | (letters.charCodeAt(1) << 8)
