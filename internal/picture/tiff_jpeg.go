package picture

import (
	"bytes"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"io"
)

// decodeJPEG decodes a strip or tile that is a JPEG picture, whose tables may be
// common to all (TIFF Technical Note 2).
func (t *tiffPicture) decodeJPEG(picture image.Image, rect image.Rectangle, block int) error {
	header := []byte{0xff, 0xd8}
	if t.photometric == isRGB { // an Adobe marker that says so
		header = append(header, "\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00"...)
	}
	if tables := t.bytes(tagJPEGTables, 1<<16); len(tables) > 4 {
		header = append(header, tables[2:len(tables)-2]...) // without its start and end
	}
	stored := t.stored(block)
	open := func() io.Reader { // without its start
		return io.MultiReader(bytes.NewReader(header), io.NewSectionReader(stored, 2, stored.Size()-2))
	}
	config, err := jpeg.DecodeConfig(open())
	if err != nil {
		return err
	}
	if config.Width < rect.Dx() || config.Height < rect.Dy() || config.Width > t.blockWidth+31 || config.Height > t.blockHeight+31 {
		return fmt.Errorf("expected a JPEG picture of %d×%d, found %d×%d", rect.Dx(), rect.Dy(), config.Width, config.Height)
	}
	part, err := jpeg.Decode(open())
	if err != nil {
		return err
	}
	draw.Draw(picture.(draw.Image), rect, part, part.Bounds().Min, draw.Src)
	if t.photometric == whiteIsZero {
		grey := picture.(*image.Gray)
		for y := rect.Min.Y; y < rect.Max.Y; y++ {
			row := grey.Pix[grey.PixOffset(rect.Min.X, y):][:rect.Dx()]
			for i := range row {
				row[i] = 255 - row[i]
			}
		}
	}
	return nil
}
