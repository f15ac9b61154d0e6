// Small files of real kinds.

/** A PNG of one pixel. */
export const PNG = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
);

/** A GIF of one pixel. */
export const GIF = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

/** The beginning of an MP4, and as many bytes after it as wanted. */
export const mp4 = (bytes) => padded(Buffer.from("00000018667479706d703432000000006d70343269736f6d", "hex"), bytes);

/** A PNG with trailing bytes, as long as wanted. */
export const png = (bytes) => padded(PNG, bytes);

function padded(head, bytes) {
  const file = Buffer.alloc(bytes, 0x5a);
  head.copy(file);
  return file;
}

/** A form with one file. */
export function form(field, content, name = "photo.jpg") {
  const data = new FormData();
  data.append(field, new Blob([content]), name);
  return data;
}
