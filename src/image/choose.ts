// Which image of an index a platform gets.
import { compareWindowsVersions, matchesPlatform, type Platform, type PlatformObject, parsePlatform } from '../oci/index.js'
import type { Image } from './image.js'
import { type ImageIndex, platformOfImage } from './indexes.js'

/** The first image of an index that fits the platform (for Windows: the newest); undefined where none does. A 32-bit arm CPU also takes images for the
 *  variants before its own.
 *  Where the index names no platform, the image's configuration does. */
export async function imageFor(index: ImageIndex, platform: Platform): Promise<Image | undefined> {
  const images = await index.images()
  for (const wanted of acceptable(parsePlatform(platform))) {
    const fitting: { image: Image; osVersion: string | undefined }[] = []
    for (const { image, platform } of images) {
      const offered = platform ?? (await platformOfImage(image))
      if (matchesPlatform(offered, wanted)) fitting.push({ image, osVersion: offered.osVersion })
    }
    if (wanted.os === 'windows') fitting.sort((a, b) => compareWindowsVersions(b.osVersion, a.osVersion))
    if (fitting[0] !== undefined) return fitting[0].image
  }
  return undefined
}

function acceptable(platform: PlatformObject): readonly PlatformObject[] {
  if (platform.architecture !== 'arm' || platform.variant === undefined) return [platform]
  const variants = ['v8', 'v7', 'v6', 'v5']
  const from = variants.indexOf(platform.variant)
  return from < 0 ? [platform] : variants.slice(from).map((variant) => ({ ...platform, variant }))
}
