// A wire between a client and a server on this machine, which a test can listen to and cut.

import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

export class Wire implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #isCut = false
  #swallows: (piece: Buffer) => boolean = never
  /** Pieces of data that went either way. */
  pieces = 0
  bytes = 0

  private constructor(target: number) {
    this.#server = createServer(client => this.#join(client, target))
  }

  /** To a port of this machine. */
  static async to(target: number): Promise<Wire> {
    const wire = new Wire(target)
    await new Promise<void>((resolve, reject) => {
      wire.#server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
    return wire
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  get connections(): number {
    return this.#sockets.size / 2
  }

  /** Keeps such pieces of what the server says to itself, until it is cut. */
  swallow(pieces: (piece: Buffer) => boolean): void {
    this.#swallows = pieces
  }

  /** Drops all connections, and every new one until it is mended. */
  cut(): void {
    this.#isCut = true
    this.#swallows = never
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  mend(): void {
    this.#isCut = false
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cut()
    await new Promise(resolve => void this.#server.close(resolve))
  }

  #join(client: Socket, target: number): void {
    if (this.#isCut) return void client.resetAndDestroy()
    const server = connect(target, '127.0.0.1')
    this.#forward(client, server, never)
    this.#forward(server, client, piece => this.#swallows(piece))
  }

  #forward(from: Socket, to: Socket, swallows: (piece: Buffer) => boolean): void {
    this.#sockets.add(from)
    from.on('data', (data: Buffer) => {
      this.pieces += 1
      this.bytes += data.length
      if (!swallows(data) && !to.write(data)) from.pause()
    })
    to.on('drain', () => from.resume())
    from.on('error', () => to.destroy())
    from.on('end', () => to.end())
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
  }
}

function never(): boolean {
  return false
}
