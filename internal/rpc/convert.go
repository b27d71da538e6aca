package rpc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"github.com/s3-destination/s3-destination/internal/rpc/runtimepb"
)

// batchOf is a batch as Benthos has it.
func batchOf(b *runtimepb.MessageBatch) service.MessageBatch {
	batch := make(service.MessageBatch, 0, len(b.GetMessages()))
	for _, m := range b.GetMessages() {
		var message *service.Message
		if v := m.GetStructured(); v != nil {
			message = service.NewMessage(nil)
			message.SetStructuredMut(valueOf(v))
		} else {
			message = service.NewMessage(m.GetBytes())
		}
		for name, v := range m.GetMetadata().GetFields() {
			message.MetaSetMut(name, valueOf(v))
		}
		batch = append(batch, message)
	}
	return batch
}

// valueOf is a value as Benthos has it: what JSON is made of, whole numbers, times and
// bytes.
func valueOf(v *runtimepb.Value) any {
	switch k := v.GetKind().(type) {
	case *runtimepb.Value_StringValue:
		return k.StringValue
	case *runtimepb.Value_IntegerValue:
		return k.IntegerValue
	case *runtimepb.Value_DoubleValue:
		return k.DoubleValue
	case *runtimepb.Value_BoolValue:
		return k.BoolValue
	case *runtimepb.Value_TimestampValue:
		return k.TimestampValue.AsTime()
	case *runtimepb.Value_BytesValue:
		return k.BytesValue
	case *runtimepb.Value_StructValue:
		fields := make(map[string]any, len(k.StructValue.GetFields()))
		for name, field := range k.StructValue.GetFields() {
			fields[name] = valueOf(field)
		}
		return fields
	case *runtimepb.Value_ListValue:
		items := make([]any, len(k.ListValue.GetValues()))
		for i, item := range k.ListValue.GetValues() {
			items[i] = valueOf(item)
		}
		return items
	}
	return nil
}

// errorOf is an error as the protocol has it. It knows none of single records: Redpanda
// Connect sends all of a batch again. Its text is UTF-8, whatever keys and answers of a
// store are made of: no other text can be sent.
func errorOf(err error) *runtimepb.Error {
	if err == nil {
		return nil
	}
	text := sendable(err.Error())
	if errors.Is(err, service.ErrNotConnected) {
		return &runtimepb.Error{
			Message: text, Detail: &runtimepb.Error_NotConnected_{NotConnected: &runtimepb.Error_NotConnected{}},
		}
	}
	var batch *service.BatchError
	if errors.As(err, &batch) {
		text = fmt.Sprintf("%s (%d records of the batch were not stored; all of it is sent again)", text, batch.IndexedErrors())
	}
	if text == "" {
		text = "an error without a text" // an empty one means success
	}
	return &runtimepb.Error{Message: text}
}

func sendable(text string) string { return strings.ToValidUTF8(text, "\ufffd") }
