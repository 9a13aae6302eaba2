"""What single formats of pictures need to be recognised and read: HEIC, JPEG 2000, TIFF, colour profiles, frames."""
