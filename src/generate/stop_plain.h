// The stop machine's plain twin for its tests: it keeps the whole text and
// searches it anew at every byte.
#ifndef FULLSTOP_GENERATE_STOP_PLAIN_H_
#define FULLSTOP_GENERATE_STOP_PLAIN_H_

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "generate/stop_machine.h"
#include "generate/stop_script.h"

namespace fullstop {

inline bool EndsWith(const std::string& text, const std::string& end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

// The length of the longest end of TEXT that PATTERN begins with and exceeds.
inline size_t HeldFor(const std::string& text, const std::string& pattern) {
  for (size_t n = std::min(text.size(), pattern.size() - 1); n > 0; --n) {
    if (text.compare(text.size() - n, n, pattern, 0, n) == 0) return n;
  }
  return 0;
}

// Without rollback.
class PlainMachine {
 public:
  explicit PlainMachine(const StopConfig& config)
      : config_(config), section_(config.start) {
    strings_ = config.stop_strings;
    strings_.insert(strings_.end(), config.stops.strings.begin(),
                    config.stops.strings.end());
    if (config.max_tokens == 0) end_ = "max_tokens";
    released_ = {0};
  }

  void Put(const ScriptToken& token) {
    if (!end_.empty()) return;
    ++tokens_;
    const bool in_thought = section_ == Section::kThought;
    Read(token);
    if (in_thought || section_ == Section::kThought) ++reasoning_;
    if (end_.empty()) EndByEvent(token.events);
    size_t size = 0;
    for (const auto& piece : pieces_) size += piece.bytes.size();
    released_.push_back(end_.empty() ? size - Held() : size);
  }

  const std::string& end() const { return end_; }
  uint64_t tokens() const { return tokens_; }
  uint64_t reasoning() const { return reasoning_; }
  const std::vector<Piece>& pieces() const { return pieces_; }
  // The number of bytes shown after the last token with a window of HOLD.
  size_t Released(size_t hold) const {
    if (!end_.empty()) return released_.back();
    return released_.size() > hold ? released_[released_.size() - 1 - hold] : 0;
  }

 private:
  bool StringsCount() const {
    return section_ == Section::kAnswer ||
           (section_ == Section::kThought && config_.strings_in_thought) ||
           (section_ == Section::kCall && config_.strings_in_call);
  }

  void Read(const ScriptToken& token) {
    for (const Stop& stop : config_.stops.stops) {
      if (stop.id != token.id || tokens_ < config_.min_tokens) continue;
      if (stop.role == StopRole::kSection && section_ != Section::kAnswer) {
        continue;
      }
      const bool named = stop.role != StopRole::kSection;
      end_ = (named ? std::string(StopRoleName(stop.role)) : "turn_end") + " " +
             std::to_string(stop.id);
      return;
    }
    const std::string bytes = token.control ? "" : token.bytes;
    run_.push_back({token.id, text_.size()});
    if (MatchRun(bytes)) return;
    for (const char byte : bytes) {
      text_ += byte;
      if (MatchString() || !end_.empty()) return;
    }
    Show();
  }

  // Whether the last N tokens of the section are the first N ids of MARKER.
  bool RunIs(const SectionMarker& marker, size_t n) const {
    if (marker.from != section_ || n > run_.size()) return false;
    for (size_t i = 0; i < n; ++i) {
      if (run_[run_.size() - n + i].first != marker.ids[i]) return false;
    }
    return true;
  }

  // Whether the token with BYTES, the last of run_, completes a marker's ids.
  bool MatchRun(const std::string& bytes) {
    const SectionMarker* longest = nullptr;
    for (const SectionMarker& marker : config_.markers) {
      if (!marker.ids.empty() && RunIs(marker, marker.ids.size()) &&
          (longest == nullptr || marker.ids.size() > longest->ids.size())) {
        longest = &marker;
      }
    }
    if (longest == nullptr) return false;
    const size_t begin = run_[run_.size() - longest->ids.size()].second;
    const std::string own = text_.substr(begin) + bytes;
    text_.resize(begin);
    Open(longest->to, own);
    return true;
  }

  void Open(Section section, const std::string& marker) {
    Flush();
    Append(section == Section::kAnswer ? section_ : section, true, marker);
    section_ = section;
    run_.clear();
  }

  // True where a stop string ends the reply at the last byte.
  bool MatchString() {
    const std::string* string = nullptr;
    const SectionMarker* marker = nullptr;
    if (StringsCount() && tokens_ >= config_.min_tokens) {
      for (const std::string& candidate : strings_) {
        if (EndsWith(text_, candidate) &&
            (string == nullptr || candidate.size() > string->size())) {
          string = &candidate;
        }
      }
    }
    for (const SectionMarker& candidate : config_.markers) {
      if (candidate.from == section_ && candidate.ids.empty() &&
          EndsWith(text_, candidate.text) &&
          (marker == nullptr || candidate.text.size() > marker->text.size())) {
        marker = &candidate;
      }
    }
    if (string != nullptr &&
        (marker == nullptr || string->size() >= marker->text.size())) {
      text_.resize(text_.size() - string->size());
      Flush();
      end_ = "stop_string " + *string;
      return true;
    }
    if (marker != nullptr) {
      text_.resize(text_.size() - marker->text.size());
      Open(marker->to, marker->text);
    }
    return false;
  }

  void EndByEvent(const StopEvents& events) {
    if (events.loop) {
      end_ = "loop 4x13";
    } else if (config_.max_tokens && tokens_ >= *config_.max_tokens) {
      end_ = "max_tokens";
    } else if (events.context_full) {
      end_ = "context_full";
    } else if (events.cancelled) {
      end_ = "cancelled";
    } else if (events.error) {
      end_ = "error it broke";
    }
  }

  size_t Held() const {
    size_t held = 0;
    if (StringsCount()) {
      for (const std::string& string : strings_) {
        held = std::max(held, HeldFor(text_, string));
      }
    }
    for (const SectionMarker& marker : config_.markers) {
      if (marker.from == section_ && marker.ids.empty()) {
        held = std::max(held, HeldFor(text_, marker.text));
      }
      for (size_t n = 1; n < marker.ids.size(); ++n) {
        if (!RunIs(marker, n)) continue;
        held = std::max(held, text_.size() - run_[run_.size() - n].second);
      }
    }
    return held;
  }

  // pieces_ is the whole visible text: the finished sections and, as its last
  // part, text_.
  void Append(Section section, bool marker, const std::string& bytes) {
    if (!bytes.empty()) JoinPieces({{section, marker, bytes}}, &finished_);
    pieces_ = finished_;
  }
  void Flush() {
    Append(section_, false, text_);
    text_.clear();
  }
  void Show() {
    pieces_ = finished_;
    if (!text_.empty()) JoinPieces({{section_, false, text_}}, &pieces_);
  }

  StopConfig config_;
  std::vector<std::string> strings_;
  Section section_;
  std::string text_;  // of the present section
  // Its tokens, each with the size of text_ before it.
  std::vector<std::pair<TokenId, size_t>> run_;
  std::vector<Piece> finished_;
  std::vector<Piece> pieces_;
  std::vector<size_t> released_;
  std::string end_;
  uint64_t tokens_ = 0;
  uint64_t reasoning_ = 0;
};

}  // namespace fullstop

#endif  // FULLSTOP_GENERATE_STOP_PLAIN_H_
