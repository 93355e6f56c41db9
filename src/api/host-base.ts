// Images whose layers sit on this host's own system files: of no use elsewhere, so they leave the machine only when told to.
import { BASE_ANNOTATION } from '../builder/index.js'
import { UnsupportedError } from '../core/index.js'
import { type Image, type ImageIndex, isImageIndex } from '../image/index.js'

/** @throws UnsupportedError `ERR_HOST_BASE` where it is, or holds, such an image */
export async function refuseHostBase(value: Image | ImageIndex, of: string): Promise<void> {
  const images = isImageIndex(value) ? (await value.images()).map(({ image }) => image) : [value]
  for (const image of images) {
    if ((await image.manifest()).annotations?.[BASE_ANNOTATION] !== 'host') continue
    throw new UnsupportedError(`${of}: ${image.digest} sits on this host's own system files, which are not in it`, {
      code: 'ERR_HOST_BASE',
      remedy: "build it from 'scratch' or an image, or pass { allowHostBase: true }",
    })
  }
}
