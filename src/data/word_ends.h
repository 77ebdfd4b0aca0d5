// Which words of a data set end what is said, learned from its answers: a text
// that ends with another one, or within one, breaks off.
#ifndef FULLSTOP_DATA_WORD_ENDS_H_
#define FULLSTOP_DATA_WORD_ENDS_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace fullstop {

// What a text ends with, as hashes; 0 where there is none.
struct LastUnits {
  uint32_t word = 0;    // a word, of East Asia a character
  uint32_t prefix = 0;  // a word's letters so far, as others begin with them
  uint32_t tail = 0;    // the last three letters
  bool operator==(const LastUnits&) const = default;
};

// The units that end TEXT; none behind a sign or a digit.
LastUnits LastUnitsOf(std::string_view text);

// Counts units by whether something follows them on their line. Needs 24 bytes
// a unit, up to 12 MiB. One thread.
class WordEnds {
 public:
  // TEXT is an answer; with IS_END its last word counts as an end too.
  void Learn(std::string_view text, bool is_end);
  // What OTHER has learned, which is empty then.
  void Take(WordEnds* other);

  // How many times likelier LAST is where a text was cut than where one ends; 1
  // where it holds nothing.
  // With ITSELF, the text that ends so was learned from.
  double OddsOfCut(const LastUnits& last, bool itself) const;

  size_t units() const { return taken_; }

 private:
  struct Entry {
    uint32_t unit = 0;
    uint32_t inside = 0;
    uint32_t end = 0;
  };
  enum Kind : uint8_t { kWord, kCharacter, kPrefix, kTail, kKinds };
  class Scan;

  static uint32_t Mark(uint64_t hash, Kind kind);
  void Count(uint32_t unit, uint32_t inside, uint32_t end);
  double Odds(uint32_t unit, bool itself) const;
  size_t PlaceOf(uint32_t unit) const;
  void Grow();

  // Open addressing; a power of two, at most half of it taken.
  std::vector<Entry> entries_;
  size_t taken_ = 0;
  std::array<Entry, kKinds> all_ = {};

  friend LastUnits LastUnitsOf(std::string_view text);
};

}  // namespace fullstop

#endif  // FULLSTOP_DATA_WORD_ENDS_H_
