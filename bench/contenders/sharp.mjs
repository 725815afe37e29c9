/** No network at all: sharp's Lanczos. The floor of what decoding, resizing and encoding cost. */
export async function load({ scale }) {
  const { default: sharp } = await import('sharp');
  return {
    async upscale(image, format) {
      const { width } = await sharp(image).metadata();
      const resized = sharp(image).resize({ width: width * scale, kernel: 'lanczos3' });
      return resized
        .toFormat(format, format === 'jpeg' ? { quality: 90, chromaSubsampling: '4:4:4' } : {})
        .toBuffer();
    },
  };
}
