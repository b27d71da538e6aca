package store

import (
	"crypto/sha256"
	"encoding/base64"
	"hash/crc32"
	"hash/crc64"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/s3-destination/s3-destination/internal/testutil/property"
)

// The check values of the CRC catalogue for "123456789".
func TestChecksumsMatchTheCatalogue(t *testing.T) {
	body := BodyOf([]byte("123456789"))
	assert.Equal(t, uint64(0xe3069283), ChecksumCRC32C.of(body, 0, 9).crc)
	assert.Equal(t, uint64(0xae8b14860a799888), ChecksumCRC64NVME.of(body, 0, 9).crc)
	assert.Equal(t, "4waSgw==", *ChecksumCRC32C.sums(ChecksumCRC32C.of(body, 0, 9)).crc32c)
	assert.Equal(t, "rosUhgp5mIg=", *ChecksumCRC64NVME.sums(ChecksumCRC64NVME.of(body, 0, 9)).crc64nvme)
	want := sha256.Sum256([]byte("123456789"))
	assert.Equal(t, base64.StdEncoding.EncodeToString(want[:]), *ChecksumSHA256.sums(ChecksumSHA256.of(body, 0, 9)).sha256)
	assert.Equal(t, "JfnnlDI7RTiF9RgfG2JNCw==", *ChecksumMD5.sums(ChecksumMD5.of(body, 0, 9)).md5, "RFC 1864")
	assert.Equal(t, sums{}, ChecksumNone.sums(ChecksumNone.of(body, 0, 9)))
}

func TestCombinedPartsGiveTheChecksumOfTheWhole(t *testing.T) {
	property.Check(t, func(t *rapid.T) {
		content := rapid.SliceOfN(rapid.Byte(), 0, 4096).Draw(t, "content")
		cut1 := rapid.IntRange(0, len(content)).Draw(t, "cut1")
		cut2 := rapid.IntRange(cut1, len(content)).Draw(t, "cut2")
		body := BodyOf(content)
		for _, c := range []Checksum{ChecksumCRC32C, ChecksumCRC64NVME} {
			parts := []partSum{
				c.of(body, 0, int64(cut1)), c.of(body, int64(cut1), int64(cut2-cut1)), c.of(body, int64(cut2), int64(len(content)-cut2)),
			}
			require.Equal(t, c.sums(c.of(body, 0, body.Len())), c.whole(parts))
		}
		body.Reset()
	})
	assert.Equal(t, sums{}, ChecksumSHA256.whole([]partSum{{n: 1}}), "a composite checksum is S3's to make")
}

func TestChecksumsAreThoseOfTheStandardLibrary(t *testing.T) {
	content := randomBytes(2*blockSize + 3)
	body := BodyOf(content)
	assert.Equal(t, uint64(crc32.Checksum(content, tableCRC32C)), ChecksumCRC32C.of(body, 0, body.Len()).crc)
	assert.Equal(t, crc64.Checksum(content, tableCRC64NVME), ChecksumCRC64NVME.of(body, 0, body.Len()).crc)
	assert.Equal(t, uint64(crc32.Checksum(content[7:blockSize+9], tableCRC32C)), ChecksumCRC32C.of(body, 7, blockSize+2).crc)
}

func TestAutoChecksumSparesOtherEndpoints(t *testing.T) {
	assert.Equal(t, ChecksumCRC32C, ChecksumAuto.resolve(false))
	assert.Equal(t, ChecksumNone, ChecksumAuto.resolve(true))
	assert.Equal(t, ChecksumNone, Checksum("").resolve(true))
	assert.Equal(t, ChecksumSHA256, ChecksumSHA256.resolve(true))
}
