// Where the C libraries of each machine look by default. Source: ld.so(8); Debian, "Multiarch specification"; e_machine of elf(5).
import type { Elf } from './elf.js'

/** A machine's names: Debian's directory for it, and `$PLATFORM`. */
interface Machine {
  readonly triplet: string
  readonly platform: string
}

/** By `e_machine` and class. */
const MACHINES: Readonly<Record<string, Machine>> = {
  '62/64': { triplet: 'x86_64-linux-gnu', platform: 'x86_64' },
  '62/32': { triplet: 'x86_64-linux-gnux32', platform: 'x86_64' },
  '183/64': { triplet: 'aarch64-linux-gnu', platform: 'aarch64' },
  '3/32': { triplet: 'i386-linux-gnu', platform: 'i686' },
  '40/32': { triplet: 'arm-linux-gnueabihf', platform: 'v7l' },
  '243/64': { triplet: 'riscv64-linux-gnu', platform: 'riscv64' },
  '21/64': { triplet: 'powerpc64le-linux-gnu', platform: 'power8' },
  '22/64': { triplet: 's390x-linux-gnu', platform: 'z900' },
  '258/64': { triplet: 'loongarch64-linux-gnu', platform: 'loongarch64' },
}

/** Whether the loader of one file may load the other: same class, byte order and machine. */
export const fits = (a: Elf, b: Elf): boolean => a.class === b.class && a.littleEndian === b.littleEndian && a.machine === b.machine

/** What `$LIB` may stand for, likeliest first: it is compiled into the loader, by distribution. */
export function libNames(elf: Elf): string[] {
  const machine = MACHINES[`${elf.machine}/${elf.class}`]
  return [...(machine === undefined ? [] : [`lib/${machine.triplet}`]), ...(elf.class === 64 ? ['lib64'] : ['lib32']), 'lib']
}

/** What `$PLATFORM` stands for (AT_PLATFORM of getauxval(3)); undefined for machines unknown here. */
export const platformName = (elf: Elf): string | undefined => MACHINES[`${elf.machine}/${elf.class}`]?.platform
