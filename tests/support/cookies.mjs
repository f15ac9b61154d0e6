// A cookie jar for one host: names, paths and removal (RFC 6265, section 5).

export class CookieJar {
  #cookies = new Map();

  /** Takes the `Set-Cookie` fields of a response. */
  take(response) {
    for (const line of response.headers.getSetCookie()) {
      const [pair, ...attributes] = line.split(";").map((part) => part.trim());
      const at = pair.indexOf("=");
      const cookie = { name: pair.slice(0, at), value: pair.slice(at + 1), path: "/", attributes };
      for (const attribute of attributes) {
        const [name, value] = attribute.split("=");
        if (name.toLowerCase() === "path") cookie.path = value;
        if (name.toLowerCase() === "max-age" && Number(value) <= 0) cookie.gone = true;
      }
      const key = `${cookie.name} ${cookie.path}`;
      if (cookie.gone) this.#cookies.delete(key);
      else this.#cookies.set(key, cookie);
    }
  }

  /** The `Cookie` field for a path; empty if there is nothing to send. */
  header(path) {
    const fits = ({ path: own }) => path === own || path.startsWith(own.endsWith("/") ? own : `${own}/`);
    return [...this.#cookies.values()].filter(fits).map(({ name, value }) => `${name}=${value}`).join("; ");
  }

  /** A cookie by name, with its attributes as they were written. */
  get(name) {
    return [...this.#cookies.values()].find((cookie) => cookie.name === name);
  }

  /** An independent copy. */
  copy() {
    const jar = new CookieJar();
    jar.#cookies = new Map(this.#cookies);
    return jar;
  }
}
