package datadogtest

import (
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Series is one line of the answer to a metric query.
type Series struct {
	// Tags tell one line from another, as in kafka_cluster:lkc-1.
	Tags   []string
	Points []Point
}

// Point is one value of a series. NaN stands for null: Datadog's JSON has no
// other way to say it.
type Point struct {
	At    time.Time
	Value float64
}

// SetMetric sets the answer to a metric query.
func (s *Server) SetMetric(query string, series ...Series) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.series[query] = series
}

func (s *Server) queryMetrics(w http.ResponseWriter, query url.Values) {
	from, errFrom := strconv.ParseInt(query.Get("from"), 10, 64)
	to, errTo := strconv.ParseInt(query.Get("to"), 10, 64)
	text := query.Get("query")
	if errFrom != nil || errTo != nil || from >= to || text == "" {
		fail(w, http.StatusBadRequest, "Invalid query, from or to")
		return
	}
	series := []map[string]any{}
	for _, line := range s.series[text] {
		points := [][2]any{}
		for _, p := range line.Points {
			if t := p.At.Unix(); t < from || t > to {
				continue
			}
			var value any = p.Value
			if math.IsNaN(p.Value) {
				value = nil
			}
			points = append(points, [2]any{float64(p.At.UnixMilli()), value})
		}
		series = append(series, map[string]any{
			"metric": "kafka.cpu", "display_name": "kafka.cpu", "expression": text, "aggr": "avg",
			"tag_set": line.Tags, "scope": strings.Join(line.Tags, ","), "query_index": 0,
			"start": from * 1000, "end": to * 1000, "interval": 20, "length": len(points),
			"pointlist": points, "unit": []any{nil, nil}, "attributes": map[string]any{},
		})
	}
	reply(w, http.StatusOK, map[string]any{
		"status": "ok", "res_type": "time_series", "resp_version": 1, "query": text, "message": "",
		"from_date": from * 1000, "to_date": to * 1000, "group_by": []string{},
		"series": series, "values": []any{}, "times": []any{},
	})
}
