package live

import (
	"errors"
	"net/http"
	"reflect"
)

// endpoints is where Benthos registers those of its components.
type endpoints interface {
	RegisterEndpoint(path, desc string, h http.HandlerFunc)
}

// Register has Benthos answer for the page and the document, beside /ready. Its API
// for plugins has no way to do that, but what the resources of a plugin call
// XUnwrapper leads to what its own components use. A component that is made later and
// has the same path takes it over. It is for programs that run pipelines by the
// command line of Benthos: the muxer of another program may not allow that.
func Register(unwrapper any) error {
	unwrap := reflect.ValueOf(unwrapper).MethodByName("Unwrap")
	if unwrap.IsValid() && unwrap.Type().NumIn() == 0 && unwrap.Type().NumOut() == 1 {
		if to, is := unwrap.Call(nil)[0].Interface().(endpoints); is {
			to.RegisterEndpoint(PagePath, "What the s3_destination outputs of this process do, as a page.", Page)
			to.RegisterEndpoint(JSONPath, "The same as JSON, which s3-destination top shows.", JSON)
			return nil
		}
	}
	return errors.New("adding " + PagePath + " to the HTTP server: this version of Benthos has no place for it that is known")
}
