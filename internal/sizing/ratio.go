package sizing

import "slices"

// DefaultRatio is how many bytes of an object of that format a byte of JSON
// becomes, as measured on the sample records of this repository with the
// default codecs and levels: halfway between records of 25 fields with much
// text that repeats and little, and tables of 100 narrow columns. Data of your
// own differs: give a sample.
func DefaultRatio(format string) (ratio float64, known bool) {
	i := slices.IndexFunc(Ratios, func(r Ratio) bool { return r.Format == format })
	if i < 0 {
		return 0, false
	}
	return Ratios[i].Default(), true
}

// Ratio is what was measured for a format.
type Ratio struct {
	// Format is the value of file_format.
	Format string
	// Clicks is the ratio of records of web analytics of 0.8 kB, Wide that of
	// reports of 100 columns and 2.5 kB.
	Clicks, Wide float64
}

// Default is the ratio to assume for unknown data.
func (r Ratio) Default() float64 { return (r.Clicks + r.Wide) / 2 }

// Ratios are the measured ratios, in the order of the documentation. A test
// measures them again.
var Ratios = []Ratio{
	{"csv", 0.649, 0.336},
	{"csv+gzip", 0.154, 0.113},
	{"json", 1, 1},
	{"json+gzip", 0.166, 0.181},
	{"parquet", 0.100, 0.122},
	{"avro", 0.236, 0.168},
}
