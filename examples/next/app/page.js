export default function Page() {
  return (
    <form action="/api/upscale" method="post" encType="multipart/form-data">
      <input type="file" name="image" accept="image/*" required />
      <button>Upscale</button>
    </form>
  );
}
