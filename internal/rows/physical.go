package rows

import (
	"math/big"
	"time"

	"github.com/parquet-go/parquet-go"
	"github.com/parquet-go/parquet-go/format"
)

// valueOf is a value of a column as appendValue takes it.
func valueOf(v parquet.Value, logical *format.LogicalType) any {
	switch v.Kind() {
	case parquet.Boolean:
		return v.Boolean()
	case parquet.Int32:
		if logical.Integer != nil && !logical.Integer.IsSigned {
			return v.Uint32()
		}
		return integer(int64(v.Int32()), logical)
	case parquet.Int64:
		if logical.Integer != nil && !logical.Integer.IsSigned {
			return v.Uint64()
		}
		return integer(v.Int64(), logical)
	case parquet.Float:
		return v.Float()
	case parquet.Double:
		return v.Double()
	case parquet.ByteArray, parquet.FixedLenByteArray:
		return ofBytes(v.ByteArray(), logical)
	case parquet.Int96:
	}
	return v.String()
}

// integer is what an integer stands for.
func integer(v int64, logical *format.LogicalType) any {
	switch {
	case logical.Date != nil:
		return time.Unix(v*24*60*60, 0)
	case logical.Timestamp != nil:
		return moment(v, &logical.Timestamp.Unit)
	case logical.Time != nil:
		return moment(v, &logical.Time.Unit).Sub(time.Unix(0, 0))
	case logical.Decimal != nil:
		return decimal(big.NewInt(v), logical.Decimal.Scale)
	}
	return v
}

// moment is so many units after the beginning of 1970.
func moment(v int64, unit *format.TimeUnit) time.Time {
	switch {
	case unit.Millis != nil:
		return time.UnixMilli(v)
	case unit.Micros != nil:
		return time.UnixMicro(v)
	}
	return time.Unix(0, v)
}

// ofBytes is what bytes stand for.
func ofBytes(v []byte, logical *format.LogicalType) any {
	switch {
	case logical.Decimal != nil:
		unscaled := new(big.Int).SetBytes(v)
		if len(v) > 0 && v[0] >= 0x80 { // two's complement
			unscaled.Sub(unscaled, new(big.Int).Lsh(big.NewInt(1), uint(8*len(v))))
		}
		return decimal(unscaled, logical.Decimal.Scale)
	case logical.UUID != nil && len(v) == 16:
		return [16]byte(v)
	case logical.UTF8 != nil, logical.Enum != nil:
		return string(v)
	}
	return v
}

// decimal is an integer with so many of its digits behind the point.
func decimal(unscaled *big.Int, scale int32) *big.Rat {
	one := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil)
	return new(big.Rat).SetFrac(unscaled, one)
}
