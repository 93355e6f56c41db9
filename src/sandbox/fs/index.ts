export class SandboxFs {
  constructor(_parts: unknown) {}
}
