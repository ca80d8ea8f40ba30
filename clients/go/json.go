package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"

	"ouzel.example/client/ouzel"
)

// Messages as JSON: bytes are {"$bin": base64}, and a float keeps its point, so that it stays one.

func printJSON(message ouzel.Map) {
	var line bytes.Buffer
	encoder := json.NewEncoder(&line)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(toJSON(message)); err != nil {
		line.Reset()
		fmt.Fprintf(&line, "{\"ok\": false, \"why\": %q}\n", err)
	}
	_, _ = os.Stdout.Write(line.Bytes()) // nobody reads any more: the next read of stdin ends this
}

func toJSON(value any) any {
	switch value := value.(type) {
	case []byte:
		return ouzel.Map{"$bin": base64.StdEncoding.EncodeToString(value)}
	case float64:
		if value == math.Trunc(value) && math.Abs(value) < 1e15 {
			return json.RawMessage(strconv.FormatFloat(value, 'f', 1, 64))
		}
	case []any:
		array := make([]any, len(value))
		for i, each := range value {
			array[i] = toJSON(each)
		}
		return array
	case ouzel.Map:
		object := ouzel.Map{}
		for key, each := range value {
			object[key] = toJSON(each)
		}
		return object
	}
	return value
}

func fromJSON(line string) (ouzel.Map, error) {
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	var object ouzel.Map
	if err := decoder.Decode(&object); err != nil {
		return nil, fmt.Errorf("not a JSON object: %w", err)
	}
	value, err := plain(object)
	message, isMap := value.(ouzel.Map)
	if err == nil && !isMap {
		err = fmt.Errorf("not a request: %s", line)
	}
	return message, err
}

func plain(value any) (any, error) {
	var err error
	switch value := value.(type) {
	case json.Number:
		if strings.ContainsAny(value.String(), ".eE") {
			return value.Float64()
		}
		if number, err := value.Int64(); err == nil {
			return number, nil
		}
		return strconv.ParseUint(value.String(), 10, 64)
	case []any:
		for i := range value {
			if value[i], err = plain(value[i]); err != nil {
				return nil, err
			}
		}
	case ouzel.Map:
		if encoded, isText := value["$bin"].(string); isText && len(value) == 1 {
			return base64.StdEncoding.DecodeString(encoded)
		}
		for key := range value {
			if value[key], err = plain(value[key]); err != nil {
				return nil, err
			}
		}
	}
	return value, nil
}
