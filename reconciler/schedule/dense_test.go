package schedule

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestAWindowOfManyShortOccurrencesEndsWithTheLast(t *testing.T) {
	for _, tt := range []struct {
		name  string
		cron  string
		lasts time.Duration
		at    string
		until string
	}{
		{"every minute of December", "* * * 12 *", time.Minute, "2026-12-02 00:00", "2027-01-01 00:00"},
		{"every minute of half a year", "* * * 1-6 *", time.Minute, "2026-01-01 00:00", "2026-07-01 00:00"},
		{"every five minutes, from June on", "*/5 * * 6-12 *", 5 * time.Minute, "2026-06-01 00:00", "2027-01-01 00:00"},
		{"every minute but for those of the 29th", "* * 1-28,30,31 * *", time.Minute, "2024-03-01 00:00", "2024-03-29 00:00"},
		{"every first of January, for 365 days, until a leap year", "0 0 1 1 *", 365 * 24 * time.Hour, "2025-06-01 00:00", "2028-12-31 00:00"},
		{"the same around a century without a leap year", "0 0 1 1 *", 365 * 24 * time.Hour, "2097-06-01 00:00", "2104-12-31 00:00"},
		{"most of the year, but for a day in a leap year that begins on a Thursday", "0 0 23-30 9 TUE", 342 * 24 * time.Hour, "2004-10-01 00:00", "2032-09-06 00:00"},
		{"the same around a century without a leap year", "0 0 23-30 9 TUE", 342 * 24 * time.Hour, "2088-10-01 00:00", "2128-09-06 00:00"},
	} {
		for _, kind := range []Kind{Blackout, Maintenance} {
			t.Run(tt.name, func(t *testing.T) {
				got := mustNew(t, Rule{Kind: kind, Cron: tt.cron, Duration: tt.lasts}).At(utc(tt.at))
				if !got.Inside || !got.Until.Equal(utc(tt.until)) {
					t.Errorf("inside %v until %s, want until %s", got.Inside, got.Until, tt.until)
				}
			})
		}
	}
}

func TestAnOccurrenceOverAChangeOfTheClocksIsReadTowardsSafety(t *testing.T) {
	berlin := func(k Kind, cron string, d time.Duration) Rule {
		return Rule{Kind: k, Cron: cron, Duration: d, TimeZone: "Europe/Berlin"}
	}
	const never = ""
	for _, tt := range []struct {
		name       string
		rule       Rule
		start, end string // of the interval at or after 12 hours before the change
		from       string
	}{
		{
			"in autumn a blackout lasts until the clock shows its end",
			berlin(Blackout, "0 18 * * FRI", 62*time.Hour), "2026-10-23 16:00", "2026-10-26 07:00", "2026-10-24 00:00",
		},
		{
			"in spring until its duration has passed",
			berlin(Blackout, "0 18 * * FRI", 62*time.Hour), "2026-03-27 17:00", "2026-03-30 07:00", "2026-03-28 00:00",
		},
		{
			"in autumn maintenance lasts until its duration has passed",
			berlin(Maintenance, "0 18 * * FRI", 62*time.Hour), "2026-10-23 16:00", "2026-10-26 06:00", "2026-10-24 00:00",
		},
		{
			"in spring until the clock shows its end",
			berlin(Maintenance, "0 18 * * FRI", 62*time.Hour), "2026-03-27 17:00", "2026-03-30 06:00", "2026-03-28 00:00",
		},
		{
			"maintenance in an hour that does not exist is left out",
			berlin(Maintenance, "0 2 * * *", time.Hour), "2026-03-30 00:00", "2026-03-30 01:00", "2026-03-28 12:00",
		},
		{
			"of maintenance that begins in it the rest is left",
			berlin(Maintenance, "30 2 * * *", time.Hour), "2026-03-29 01:00", "2026-03-29 01:30", "2026-03-28 12:00",
		},
		{
			"maintenance that ends in it ends where the gap begins",
			berlin(Maintenance, "30 1 * * *", time.Hour), "2026-03-29 00:30", "2026-03-29 01:00", "2026-03-28 12:00",
		},
		{
			"blackouts around the clock leave no hole on a day of 25 hours",
			berlin(Blackout, "0 0 24-26 10 *", 24*time.Hour), "2026-10-23 22:00", "2026-10-26 23:00", "2026-10-24 12:00",
		},
		{
			"maintenance around the clock has one there",
			berlin(Maintenance, "0 0 24-26 10 *", 24*time.Hour), "2026-10-23 22:00", "2026-10-25 22:00", "2026-10-24 12:00",
		},
		{
			"a blackout at a midnight that does not exist",
			Rule{Cron: "0 0 * * *", Duration: time.Hour, TimeZone: "America/Santiago"},
			"2026-09-06 04:00", "2026-09-06 05:00", "2026-09-05 12:00",
		},
		{
			"it happens once a night, though the hour comes twice",
			berlin(Blackout, "30 2 25 10 *", 10*time.Minute), "2026-10-25 00:30", "2026-10-25 01:40", "2026-10-24 12:00",
		},
		{
			"a blackout that ends in the hour that comes twice ends in the second",
			berlin(Blackout, "0 18 * * *", 8*time.Hour+30*time.Minute), "2026-10-24 16:00", "2026-10-25 01:30", "2026-10-24 12:00",
		},
		{
			"maintenance over two changes that ends in that hour ends in the first",
			berlin(Maintenance, "0 0 1 1 *", 297*24*time.Hour+150*time.Minute), "2025-12-31 23:00", "2026-10-25 00:30", "2026-05-01 12:00",
		},
		{
			"a blackout that begins in that hour and ends in summer counts from the second",
			berlin(Blackout, "30 2 25 10 *", 200*24*time.Hour), "2026-10-25 00:30", "2027-05-13 01:30", "2026-12-01 12:00",
		},
		{
			"nothing falls on 29 February 2100",
			Rule{Cron: "0 0 29 2 *", Duration: time.Hour},
			"2104-02-29 00:00", "2104-02-29 01:00", "2096-03-01 00:00",
		},
		{
			"dates within the hour that does not exist cover nothing",
			Rule{From: "2026-03-29T02:10", Until: "2026-03-29T02:50", TimeZone: "Europe/Berlin"},
			never, never, "2026-03-28 12:00",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, ok := mustNew(t, tt.rule).Next(utc(tt.from))
			if tt.start == never {
				if ok {
					t.Errorf("%s to %s, want nothing", got.Start, got.End)
				}
				return
			}
			if !ok || !got.Start.Equal(utc(tt.start)) || !got.End.Equal(utc(tt.end)) {
				t.Errorf("%s to %s, want %s to %s", got.Start.UTC(), got.End.UTC(), tt.start, tt.end)
			}
		})
	}
}

func TestAMinuteBetweenTwoOccurrencesIsOutside(t *testing.T) {
	for _, kind := range []Kind{Blackout, Maintenance} {
		w := mustNew(t, Rule{Kind: kind, Cron: "0,10 8 * * *", Duration: 9 * time.Minute})
		if s := w.At(utc("2026-05-04 08:03")); !s.Inside || !s.Until.Equal(utc("2026-05-04 08:09")) {
			t.Errorf("%+v", s)
		}
		if s := w.At(utc("2026-05-04 08:09")); s.Inside || !s.Until.Equal(utc("2026-05-04 08:10")) {
			t.Errorf("%+v", s)
		}
	}
}

func TestAnIntervalBeginsWithItsFirstOccurrence(t *testing.T) {
	w := mustNew(t, Rule{Cron: "*/10 8-17 * * MON-FRI", Duration: 20 * time.Minute, TimeZone: "Europe/Berlin"})
	got, ok := w.Next(utc("2026-05-04 14:03"))
	if !ok || !got.Start.Equal(utc("2026-05-04 06:00")) || !got.End.Equal(utc("2026-05-04 16:10")) {
		t.Errorf("%s to %s", got.Start, got.End)
	}
	w = mustNew(t, Rule{Cron: "0 0 * 8 *", Duration: 24 * time.Hour})
	if got, _ := w.Next(utc("2026-08-20 12:00")); !got.Start.Equal(utc("2026-08-01 00:00")) {
		t.Errorf("August begins on %s", got.Start)
	}
}

func TestMaintenanceAroundTheClockRestrictsNothing(t *testing.T) {
	w := mustNew(t, Rule{Kind: Maintenance, Cron: "0 0 * * *", Duration: 24 * time.Hour})
	if s := w.At(utc("2026-05-01 00:00")); !s.Inside || !s.Until.IsZero() {
		t.Errorf("%+v", s)
	}
}

func TestNoOpeningLastsForEver(t *testing.T) {
	weekend := mustNew(t, Rule{Cron: "0 18 * * FRI", Duration: 62 * time.Hour})
	at, ok := NextOpening([]*Window{weekend}, utc("2026-05-04 12:00"), math.MaxInt64, 365*24*time.Hour)
	if ok {
		t.Errorf("open for 292 years from %s on", at)
	}
}

func TestAZoneThatDependsOnTheMachineIsRefused(t *testing.T) {
	for _, zone := range []string{"Local", "localtime", "posixrules", "Factory", "right/Europe/Berlin"} {
		_, err := New(Rule{Cron: "0 0 * * *", Duration: time.Hour, TimeZone: zone})
		if err == nil || !strings.Contains(err.Error(), "depends on the machine") {
			t.Errorf("%s: %v", zone, err)
		}
	}
}

func TestAKindThatDoesNotExistIsRefused(t *testing.T) {
	if _, err := New(Rule{Kind: 7, Cron: "0 0 * * *", Duration: time.Hour}); err == nil || !strings.Contains(err.Error(), "kind 7") {
		t.Error(err)
	}
}
