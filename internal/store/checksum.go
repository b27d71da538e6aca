package store

import (
	"crypto/md5" //nolint:gosec // see ChecksumMD5
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"hash"
	"hash/crc32"
	"hash/crc64"
	"slices"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Checksum names the algorithm by which S3 verifies what it received.
type Checksum string

// The choices. CRC32C costs 0.12 CPU seconds a gigabyte, SHA-256 0.63.
const (
	// ChecksumAuto is CRC32C on AWS, and none on other stores, of which some
	// refuse checksum headers (aws-sdk-go-v2 issue 3007).
	ChecksumAuto      Checksum = "auto"
	ChecksumCRC32C    Checksum = "crc32c"
	ChecksumCRC64NVME Checksum = "crc64nvme"
	ChecksumSHA256    Checksum = "sha256"
	// ChecksumMD5 is the header Content-MD5, which every store has known from
	// the beginning and which satisfies Object Lock, where x-amz-checksum-* is
	// unknown.
	ChecksumMD5  Checksum = "md5"
	ChecksumNone Checksum = "none"
)

func checksumNames() []string {
	return []string{string(ChecksumAuto), string(ChecksumCRC32C), string(ChecksumCRC64NVME), string(ChecksumSHA256), string(ChecksumMD5), string(ChecksumNone)}
}

func (c Checksum) valid() bool { return c == "" || slices.Contains(checksumNames(), string(c)) }

// resolve answers "auto"; foreign means a store other than AWS.
func (c Checksum) resolve(foreign bool) Checksum {
	switch {
	case c != "" && c != ChecksumAuto:
		return c
	case foreign:
		return ChecksumNone
	}
	return ChecksumCRC32C
}

// algorithm is S3's name for it; empty for those that S3 does not keep.
func (c Checksum) algorithm() types.ChecksumAlgorithm {
	switch c {
	case ChecksumCRC32C:
		return types.ChecksumAlgorithmCrc32c
	case ChecksumCRC64NVME:
		return types.ChecksumAlgorithmCrc64nvme
	case ChecksumSHA256:
		return types.ChecksumAlgorithmSha256
	case ChecksumAuto, ChecksumMD5, ChecksumNone:
	}
	return ""
}

// multipartType says what the checksum of a multipart object covers. The CRCs
// can cover the whole object, which also proves the order of the parts; a
// SHA-256 can only be a hash of hashes:
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
func (c Checksum) multipartType() types.ChecksumType {
	switch c {
	case ChecksumCRC32C, ChecksumCRC64NVME:
		return types.ChecksumTypeFullObject
	case ChecksumSHA256:
		return types.ChecksumTypeComposite
	case ChecksumAuto, ChecksumMD5, ChecksumNone:
	}
	return ""
}

// sums holds one checksum as the member of the request that it goes into; the
// others stay nil.
type sums struct{ crc32c, crc64nvme, sha256, md5 *string }

// The polynomials, reflected.
const (
	polyCRC32C    = crc32.Castagnoli
	polyCRC64NVME = 0x9a6c9329ac4bc9b5
)

var (
	tableCRC32C    = crc32.MakeTable(polyCRC32C)
	tableCRC64NVME = crc64.MakeTable(polyCRC64NVME)
)

// partSum is the checksum of one stretch of a body.
type partSum struct {
	n      int64
	crc    uint64 // CRC32C or CRC64NVME
	digest []byte // SHA-256 or MD5
}

// of computes the checksum of n bytes of b from off.
func (c Checksum) of(b *Body, off, n int64) partSum {
	p := partSum{n: n}
	switch c {
	case ChecksumCRC32C:
		if known, summed := b.crc32c(); summed && n == b.size {
			p.crc = known
			break
		}
		var crc uint32
		_ = b.eachBlock(off, n, func(piece []byte) error {
			crc = crc32.Update(crc, tableCRC32C, piece)
			return nil
		})
		p.crc = uint64(crc)
	case ChecksumCRC64NVME:
		_ = b.eachBlock(off, n, func(piece []byte) error {
			p.crc = crc64.Update(p.crc, tableCRC64NVME, piece)
			return nil
		})
	case ChecksumSHA256:
		p.digest = b.digest(sha256.New(), off, n)
	case ChecksumMD5:
		p.digest = b.digest(md5.New(), off, n) //nolint:gosec // what the header Content-MD5 is; it guards against damage, not against people
	case ChecksumAuto, ChecksumNone:
	}
	return p
}

// digest is the hash of n bytes of b from off.
func (b *Body) digest(h hash.Hash, off, n int64) []byte {
	_ = b.eachBlock(off, n, func(piece []byte) error {
		_, err := h.Write(piece)
		return err
	})
	return h.Sum(nil)
}

// sums renders p as S3 wants it: base64 of the big-endian bytes.
func (c Checksum) sums(p partSum) sums {
	text := func(raw []byte) *string {
		s := base64.StdEncoding.EncodeToString(raw)
		return &s
	}
	switch c {
	case ChecksumCRC32C:
		return sums{crc32c: text(binary.BigEndian.AppendUint32(nil, uint32(p.crc)))}
	case ChecksumCRC64NVME:
		return sums{crc64nvme: text(binary.BigEndian.AppendUint64(nil, p.crc))}
	case ChecksumSHA256:
		return sums{sha256: text(p.digest)}
	case ChecksumMD5:
		return sums{md5: text(p.digest)}
	case ChecksumAuto, ChecksumNone:
	}
	return sums{}
}

// whole derives the checksum of the object from those of its parts, without
// reading the bytes a second time. It is empty where S3 makes a composite one.
func (c Checksum) whole(parts []partSum) sums {
	if c.multipartType() != types.ChecksumTypeFullObject {
		return sums{}
	}
	bits, poly := 32, uint64(polyCRC32C)
	if c == ChecksumCRC64NVME {
		bits, poly = 64, polyCRC64NVME
	}
	var all partSum
	for _, p := range parts {
		all.crc = combineCRC(bits, poly, all.crc, p.crc, p.n)
	}
	return c.sums(all)
}

// combineCRC returns the CRC of A followed by B, given crc(A), crc(B) and the
// length of B. Appending n bytes multiplies a CRC by x^(8n) modulo the
// polynomial, so it takes O(log n) multiplications. The inversions before and
// after, which both CRCs use, cancel out.
func combineCRC(bits int, poly, a, b uint64, n int64) uint64 {
	one := uint64(1) << (bits - 1) // x^0: in a reflected CRC the top bit
	factor, power := one, one>>8   // x^8 is one byte
	for ; n > 0; n >>= 1 {
		if n&1 == 1 {
			factor = multiply(bits, poly, factor, power)
		}
		power = multiply(bits, poly, power, power)
	}
	return multiply(bits, poly, a, factor) ^ b
}

// multiply is a*b modulo the polynomial, all reflected.
func multiply(bits int, poly, a, b uint64) uint64 {
	var product uint64
	for i := bits - 1; i >= 0; i-- {
		if a>>i&1 == 1 {
			product ^= b
		}
		carry := b & 1 // becomes x^bits, which the polynomial reduces
		b >>= 1
		if carry == 1 {
			b ^= poly
		}
	}
	return product
}
