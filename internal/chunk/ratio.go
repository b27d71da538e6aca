package chunk

// ratios remembers how many encoded bytes a raw byte becomes: for each
// partition, and for each kind as a fallback. It is guarded by the manager's
// lock.
type ratios struct {
	kind        [kinds]float64
	byPartition map[partition]float64
}

const (
	// maxRemembered bounds the memory of partitions; time in a path makes new
	// ones for ever. Forgetting costs one estimate from the kind's ratio.
	maxRemembered = 50_000
	// meaningful is the raw size from which a measurement counts in full.
	// Small objects are dominated by headers and say little.
	meaningful = 1 << 20
)

func newRatios(initial [kinds]float64) ratios {
	r := ratios{kind: initial, byPartition: map[partition]float64{}}
	for i, v := range r.kind {
		if v <= 0 {
			r.kind[i] = 1
		}
	}
	return r
}

func (r *ratios) of(p partition) float64 {
	if v, ok := r.byPartition[p]; ok {
		return v
	}
	return r.kind[p.kind]
}

// learn takes an object of that many encoded bytes made from raw bytes.
func (r *ratios) learn(p partition, raw, encoded int64) {
	if raw <= 0 || encoded <= 0 {
		return
	}
	measured := float64(encoded) / float64(raw)
	weight := 0.7 * min(1, float64(raw)/meaningful)
	r.kind[p.kind] += weight * (measured - r.kind[p.kind])
	old, known := r.byPartition[p]
	switch {
	case known:
		r.byPartition[p] = old + weight*(measured-old)
	case raw >= meaningful/16:
		if len(r.byPartition) >= maxRemembered {
			clear(r.byPartition)
		}
		r.byPartition[p] = measured
	}
}
