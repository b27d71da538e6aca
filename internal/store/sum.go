package store

import (
	"errors"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Sum is the checksum of a whole body, in the form in which S3 takes it. The
// zero value is none. It is plain data, so that it can be written down before
// the first attempt to store the object.
type Sum struct {
	// Algorithm is what it was computed with.
	Algorithm Checksum
	// Value is the base64 text of S3's x-amz-checksum headers, or of Content-MD5.
	Value string
}

// Sum computes the checksum that Put sends with b; the zero Sum when the store
// is configured to send none.
func (s *Store) Sum(b *Body) Sum {
	if s.checksum == ChecksumNone {
		return Sum{}
	}
	whole := s.checksum.of(b, 0, b.Len())
	return Sum{Algorithm: s.checksum, Value: s.checksum.sums(whole).value()}
}

// value is the one checksum that is set; empty when none is.
func (s sums) value() string {
	for _, v := range []*string{s.crc32c, s.crc64nvme, s.sha256, s.md5} {
		if v != nil {
			return *v
		}
	}
	return ""
}

// sums returns what goes into a request that carries the sum.
func (s Sum) sums() sums {
	switch s.Algorithm {
	case ChecksumCRC32C:
		return sums{crc32c: aws.String(s.Value)}
	case ChecksumCRC64NVME:
		return sums{crc64nvme: aws.String(s.Value)}
	case ChecksumSHA256:
		return sums{sha256: aws.String(s.Value)}
	case ChecksumMD5:
		return sums{md5: aws.String(s.Value)}
	case ChecksumAuto, ChecksumNone:
	}
	return sums{}
}

// settled is the checksum of an object: the one that came with it, if it is of
// the kind that the store sends.
func (s *Store) settled(o Object) Sum {
	if o.Sum.Algorithm == s.checksum && o.Sum.Value != "" {
		return o.Sum
	}
	return s.Sum(o.Body)
}

// errChanged: the body is no longer what its checksum was computed of.
var errChanged = errors.New("the content is not what its checksum was computed of")

// settled is the checksum of the object to be completed. It is derived from
// those of the parts, without reading the bytes again, and compared with the
// one that came with the object.
func (u *upload) settled() (sums, error) {
	whole := u.store.checksum.whole(u.sums)
	given := u.o.Sum
	if given.Algorithm == u.store.checksum && whole.value() != "" && given.Value != whole.value() {
		return sums{}, errChanged
	}
	return whole, nil
}
