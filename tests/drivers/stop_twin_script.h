// Random scripts for the stop machine and its plain twin, and how they print.
#ifndef FULLSTOP_TESTS_DRIVERS_STOP_TWIN_SCRIPT_H_
#define FULLSTOP_TESTS_DRIVERS_STOP_TWIN_SCRIPT_H_

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "generate/end.h"
#include "generate/stop_machine.h"

namespace fullstop {

// SplitMix64 (Steele, Lea, Flood 2014).
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}

  uint64_t Next() {
    uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  size_t Below(size_t n) { return (Next() >> 32) * n >> 32; }
  size_t Between(size_t low, size_t high) {
    return low + Below(high - low + 1);
  }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <typename T>
  const T& Of(const std::vector<T>& values) {
    return values[Below(values.size())];
  }

 private:
  uint64_t state_;
};

struct Word {
  std::string bytes;
  bool control = false;
};

struct Script {
  StopConfig config;
  std::vector<Word> words;  // by id
  size_t steps = 0;
  size_t event_odds = 0;  // one token in so many has each event; 0 is none
  bool moving_hold = false;
};

// Letters, a NUL, and the bytes of U+20AC and U+00E9, whole or broken.
inline std::string RandomBytes(std::string_view alphabet, size_t low,
                               size_t high, Random* random) {
  std::string bytes(random->Between(low, high), '\0');
  for (char& byte : bytes) byte = alphabet[random->Below(alphabet.size())];
  return bytes;
}

inline std::string RandomSlice(const std::string& bytes, Random* random) {
  const size_t begin = random->Below(bytes.size());
  return bytes.substr(begin, random->Between(1, bytes.size() - begin));
}

// A fresh pattern, or one that equals, lies in, or overlaps an earlier one.
inline std::string RandomPattern(std::string_view alphabet,
                                 const std::vector<std::string>& earlier,
                                 Random* random) {
  std::string fresh =
      RandomBytes(alphabet, 1, random->OneIn(4) ? 9 : 4, random);
  if (earlier.empty() || random->OneIn(2)) return fresh;
  const std::string& other = random->Of(earlier);
  switch (random->Below(4)) {
    case 0:
      return other;
    case 1:
      return RandomSlice(other, random);
    case 2:
      return other + fresh;
    default:
      return RandomSlice(other, random) + fresh;
  }
}

inline void AddMarkers(std::string_view alphabet,
                       std::vector<std::string>* patterns, Random* random,
                       Script* script) {
  std::vector<SectionMarker>& markers = script->config.markers;
  const size_t count = random->OneIn(3) ? 0 : random->Between(1, 6);
  // Fewer sections let the same markers lead back and forth.
  const size_t sections = random->OneIn(2) ? 2 : 4;
  for (size_t i = 0; i < count; ++i) {
    SectionMarker marker;
    marker.from = static_cast<Section>(random->Below(sections));
    marker.to = static_cast<Section>(random->Below(sections));
    if (random->OneIn(2)) {
      marker.text = RandomPattern(alphabet, *patterns, random);
    } else {
      marker.ids.resize(random->Between(1, 3));
      for (TokenId& id : marker.ids) {
        id = static_cast<TokenId>(random->Below(script->words.size()));
      }
    }
    bool known = false;
    for (const SectionMarker& other : markers) {
      known = known || (other.from == marker.from &&
                        other.text == marker.text && other.ids == marker.ids);
    }
    if (known) continue;
    if (!marker.text.empty()) patterns->push_back(marker.text);
    markers.push_back(marker);
  }
  if (random->OneIn(3)) {
    script->config.start = static_cast<Section>(random->Below(sections));
  }
}

inline void AddStops(Random* random, Script* script) {
  if (random->OneIn(2)) return;
  for (size_t id = 0; id < script->words.size(); ++id) {
    if (!random->OneIn(5)) continue;
    script->config.stops.stops.push_back(
        {.id = static_cast<TokenId>(id),
         .text = "stop " + std::to_string(id),
         .role = static_cast<StopRole>(random->Below(5)),
         .from = {{Provenance::kGguf, "key"}, {Provenance::kDerived, "run"}}});
  }
}

inline void AddLengths(Random* random, Script* script) {
  StopConfig& config = script->config;
  if (random->OneIn(3)) config.min_tokens = random->Between(1, 12);
  if (random->OneIn(4)) {
    config.max_tokens =
        random->OneIn(12) && config.min_tokens == 0
            ? 0
            : random->Between(std::max<size_t>(1, config.min_tokens), 20);
  }
  if (random->OneIn(3)) config.hold_tokens = random->Between(1, 6);
  script->moving_hold = random->OneIn(4);
  script->event_odds = random->OneIn(2) ? 0 : random->Between(4, 24);
  script->steps = random->Between(1, 24);
}

inline Script RandomScript(Random* random) {
  static const std::vector<std::string> alphabets = {"a",
                                                     "ab",
                                                     "ab",
                                                     "abc",
                                                     "\xE2\x82\xAC",
                                                     "a\xE2\x82\xAC\xC3\xA9",
                                                     std::string("a\0\xFF", 3)};
  Script script;
  const std::string& alphabet = random->Of(alphabets);
  std::vector<std::string> patterns;
  for (size_t i = random->Below(7); i > 0; --i) {
    patterns.push_back(RandomPattern(alphabet, patterns, random));
    if (random->OneIn(3)) {
      script.config.stops.strings.push_back(patterns.back());
    } else {
      script.config.stop_strings.push_back(patterns.back());
    }
  }
  script.config.strings_in_thought = random->OneIn(3);
  script.config.strings_in_call = random->OneIn(3);
  script.words.resize(random->Between(2, 9));
  AddMarkers(alphabet, &patterns, random, &script);
  for (Word& word : script.words) {
    word.bytes = !patterns.empty() && random->OneIn(3)
                     ? RandomSlice(random->Of(patterns), random)
                     : RandomBytes(alphabet, 0, 4, random);
    word.control = random->OneIn(6);
  }
  AddStops(random, &script);
  AddLengths(random, &script);
  return script;
}

// HELD tokens are held before the token that this is for.
inline StopEvents RandomEvents(const Script& script, size_t held,
                               Random* random) {
  StopEvents events;
  if (script.moving_hold && !random->OneIn(4)) {
    events.hold = random->OneIn(4) ? random->Between(0, held + 1) : held + 1;
  }
  if (script.event_odds == 0) return events;
  if (random->OneIn(script.event_odds)) {
    events.loop = {.period = random->Between(1, 9),
                   .count = random->Between(3, 9),
                   .step_back = random->OneIn(4) ? 0 : random->Between(1, 8)};
  }
  events.context_full = random->OneIn(script.event_odds * 2);
  events.cancelled = random->OneIn(script.event_odds * 2);
  if (random->OneIn(script.event_odds * 2)) events.error = "it broke";
  return events;
}

inline std::string Show(std::string_view bytes) {
  std::string text = "\"";
  for (const char byte : bytes) {
    if (byte >= ' ' && byte <= '~') {
      text += byte;
    } else {
      std::array<char, 5> hex;
      std::snprintf(hex.data(), hex.size(), "\\x%02X",
                    static_cast<unsigned char>(byte));
      text += hex.data();
    }
  }
  return text + "\"";
}

inline std::string Show(const std::optional<End>& end) {
  return end ? DescribeEnd(*end) : "none";
}

inline std::string Show(const std::vector<Piece>& pieces) {
  std::string text;
  for (const Piece& piece : pieces) {
    text += std::string(SectionName(piece.section)) +
            (piece.marker ? "! " : " ") + Show(piece.bytes) + "  ";
  }
  return text;
}

inline std::string Show(const StopEvents& events) {
  std::ostringstream out;
  if (events.hold) out << " hold=" << *events.hold;
  if (events.loop) {
    out << " loop=" << events.loop->period << "x" << events.loop->count
        << " step_back=" << events.loop->step_back;
  }
  if (events.context_full) out << " context_full";
  if (events.cancelled) out << " cancelled";
  if (events.error) out << " error";
  return out.str();
}

inline void Print(const Script& script, std::ostream* out) {
  const StopConfig& config = script.config;
  for (const std::string& string : config.stop_strings) {
    *out << "stop string " << Show(string) << "\n";
  }
  for (const std::string& string : config.stops.strings) {
    *out << "derived string " << Show(string) << "\n";
  }
  for (const Stop& stop : config.stops.stops) {
    *out << "stop id " << stop.id << " " << StopRoleName(stop.role) << "\n";
  }
  for (const SectionMarker& marker : config.markers) {
    *out << "marker " << SectionName(marker.from) << " -> "
         << SectionName(marker.to) << " " << Show(marker.text);
    for (const TokenId id : marker.ids) *out << " " << id;
    *out << "\n";
  }
  for (size_t id = 0; id < script.words.size(); ++id) {
    *out << "token " << id << " " << Show(script.words[id].bytes)
         << (script.words[id].control ? " control\n" : "\n");
  }
  *out << "start=" << SectionName(config.start)
       << " strings_in_thought=" << config.strings_in_thought
       << " strings_in_call=" << config.strings_in_call
       << " min=" << config.min_tokens << " max="
       << (config.max_tokens ? std::to_string(*config.max_tokens) : "none")
       << " hold=" << config.hold_tokens << "\n";
}

}  // namespace fullstop

#endif  // FULLSTOP_TESTS_DRIVERS_STOP_TWIN_SCRIPT_H_
