package frame

import "encoding/binary"

// Cursor reads numbers and texts from a payload. After the first that is not
// there, Bad is set and all others are zero.
type Cursor struct {
	Rest []byte
	Bad  bool
}

// Uint reads a number.
func (c *Cursor) Uint() uint64 {
	v, n := binary.Uvarint(c.Rest)
	if n <= 0 {
		c.Fail()
		return 0
	}
	c.Rest = c.Rest[n:]
	return v
}

// Int reads a number that may be negative.
func (c *Cursor) Int() int64 {
	v, n := binary.Varint(c.Rest)
	if n <= 0 {
		c.Fail()
		return 0
	}
	c.Rest = c.Rest[n:]
	return v
}

// Bytes reads bytes that their length precedes. They are part of the payload.
func (c *Cursor) Bytes() []byte {
	n := c.Uint()
	if n > uint64(len(c.Rest)) {
		c.Fail()
		return nil
	}
	b := c.Rest[:n:n]
	c.Rest = c.Rest[n:]
	return b
}

// Fixed reads so many bytes. They are part of the payload.
func (c *Cursor) Fixed(n int) []byte {
	if n > len(c.Rest) {
		c.Fail()
		return nil
	}
	b := c.Rest[:n:n]
	c.Rest = c.Rest[n:]
	return b
}

// Count reads how many things follow that take at least a byte each.
func (c *Cursor) Count() int {
	n := c.Uint()
	if n > uint64(len(c.Rest)) {
		c.Fail()
		return 0
	}
	return int(n)
}

// Fail ends the reading: what is there is not what it should be.
func (c *Cursor) Fail() {
	c.Bad, c.Rest = true, nil
}

// AppendBytes appends bytes with their length before them.
func AppendBytes[T string | []byte](dst []byte, b T) []byte {
	dst = binary.AppendUvarint(dst, uint64(len(b)))
	return append(dst, b...)
}
