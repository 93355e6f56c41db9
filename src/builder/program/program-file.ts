// What a program needs in an image, as a list of directories, links and files.

/** One thing to place. `path` is absolute in the image and the same as on the host; no part of it but the last is a link.
 *  `mode` holds permission bits only: set-user-id and set-group-id are left out, since the file's owner is not kept.
 *  `source` is the host file to read, `size` its length in bytes. Bytes of paths that are not UTF-8 are as `decodePath` has them. */
export type ProgramFile =
  | { readonly path: string; readonly kind: 'directory'; readonly mode: number }
  | { readonly path: string; readonly kind: 'symlink'; readonly target: string }
  | { readonly path: string; readonly kind: 'file'; readonly mode: number; readonly source: string; readonly size: number }
