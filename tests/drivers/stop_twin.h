// The plain twin of the stop machine, written from DESIGN.md 1.3 and the head
// of stop_machine.h by someone who had not seen the machine. It keeps no state
// of a search: at every step it reads the reply again from its first token.
// What the machine promises is documented there.
#ifndef FULLSTOP_TESTS_DRIVERS_STOP_TWIN_H_
#define FULLSTOP_TESTS_DRIVERS_STOP_TWIN_H_

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "generate/stop_machine.h"

namespace fullstop {

// What the first tokens of a reply say.
struct Reading {
  struct Mark {
    size_t begin;
    size_t end;
    Section shown_in;
    Section opens;
  };

  std::string text;  // all that is visible
  std::vector<Mark> marks;
  Section section = Section::kAnswer;
  size_t section_begin = 0;  // in the text
  size_t section_token = 0;  // the first that lies wholly in the section
  uint64_t reasoning = 0;
  std::optional<End> end;

  std::string_view SectionText() const {
    return std::string_view(text).substr(section_begin);
  }
};

class StopTwin {
 public:
  explicit StopTwin(StopConfig config)
      : config_(std::move(config)), strings_(config_.stop_strings) {
    strings_.insert(strings_.end(), config_.stops.strings.begin(),
                    config_.stops.strings.end());
    if (config_.max_tokens == 0) Finish(EndBy(EndCause::kMaxTokens));
  }

  // How many tokens were stepped back.
  size_t Put(const StopToken& token, const StopEvents& events) {
    if (end_) return 0;
    tokens_.push_back(token);
    ++held_tokens_;
    const Reading reading = Read(tokens_.size());
    size_t back = 0;
    if (!reading.end && events.loop && events.loop->step_back > 0) {
      back = std::min(events.loop->step_back, held_tokens_);
      stepped_back_ += back;
      stepped_back_reasoning_ +=
          reading.reasoning - Read(tokens_.size() - back).reasoning;
      Rollback(back);
    }
    held_tokens_ =
        std::min(held_tokens_, events.hold.value_or(config_.hold_tokens));
    if (reading.end) {
      Finish(*reading.end);
    } else if (events.loop && back == 0) {
      Finish(LoopEnd(*events.loop));
    } else if (config_.max_tokens &&
               tokens_.size() + stepped_back_ >= *config_.max_tokens) {
      Finish(EndBy(EndCause::kMaxTokens));
    } else {
      FinishByCaller(events);
    }
    return back;
  }

  void Close(const StopEvents& events) {
    if (end_) return;
    if (events.loop) {
      Finish(LoopEnd(*events.loop));
    } else {
      FinishByCaller(events);
    }
  }

  void Rollback(size_t n) {
    tokens_.resize(tokens_.size() - n);
    held_tokens_ -= n;
  }

  // All that can be asked for between two steps.
  struct View {
    std::vector<Piece> shown;  // up to now
    std::string held;
    Section section;
    ReplyUsage usage;
  };

  View Look() const {
    const Reading all = Read(tokens_.size());
    const size_t shown = end_ ? all.text.size() : ShownBytes();
    return {
        .shown = Pieces(all, shown),
        .held = all.text.substr(shown),
        .section = all.section,
        .usage = {.completion_tokens = tokens_.size() + stepped_back_,
                  .reasoning_tokens = all.reasoning + stepped_back_reasoning_,
                  .stepped_back_tokens = stepped_back_}};
  }

  const std::optional<End>& end() const { return end_; }
  size_t held_tokens() const { return held_tokens_; }
  uint64_t tokens() const { return tokens_.size(); }
  bool may_stop() const { return tokens_.size() + 1 >= config_.min_tokens; }

  const Stop* FindStop(TokenId id, Section section) const {
    for (const Stop& stop : config_.stops.stops) {
      if (stop.id == id &&
          (stop.role != StopRole::kSection || section == Section::kAnswer)) {
        return &stop;
      }
    }
    return nullptr;
  }

 private:
  static End EndBy(EndCause cause, std::string text = "") {
    End end;
    end.cause = cause;
    end.text = std::move(text);
    return end;
  }

  static End LoopEnd(const LoopEvent& loop) {
    End end = EndBy(EndCause::kLoop);
    end.period = loop.period;
    end.count = loop.count;
    return end;
  }

  static EndCause CauseOf(StopRole role) {
    switch (role) {
      case StopRole::kTurnEnd:
      case StopRole::kSection:
        return EndCause::kTurnEnd;
      case StopRole::kSequenceEnd:
        return EndCause::kSequenceEnd;
      case StopRole::kToolCall:
        return EndCause::kToolCall;
      case StopRole::kTurnOpen:
        return EndCause::kTurnOpen;
    }
    return EndCause::kError;
  }

  void Finish(End end) {
    end_ = std::move(end);
    held_tokens_ = 0;
  }

  void FinishByCaller(const StopEvents& events) {
    if (events.context_full) {
      Finish(EndBy(EndCause::kContextFull));
    } else if (events.cancelled) {
      Finish(EndBy(EndCause::kCancelled));
    } else if (events.error) {
      Finish(EndBy(EndCause::kError, *events.error));
    }
  }

  // The first SHOWN bytes.
  std::vector<Piece> Pieces(const Reading& reading, size_t shown) const {
    std::vector<Piece> pieces;
    size_t at = 0;
    Section section = config_.start;
    const auto add = [&](Section in, bool marker, size_t end) {
      end = std::min(end, shown);
      if (end <= at) return;
      if (pieces.empty() || pieces.back().section != in ||
          pieces.back().marker != marker) {
        pieces.push_back({.section = in, .marker = marker, .bytes = ""});
      }
      pieces.back().bytes += reading.text.substr(at, end - at);
      at = end;
    };
    for (const Reading::Mark& mark : reading.marks) {
      add(section, false, mark.begin);
      add(mark.shown_in, true, mark.end);
      section = mark.opens;
    }
    add(section, false, shown);
    return pieces;
  }

  bool StringsCountIn(Section section) const {
    return section == Section::kAnswer ||
           (section == Section::kThought && config_.strings_in_thought) ||
           (section == Section::kCall && config_.strings_in_call);
  }

  static std::string_view VisibleBytes(const StopToken& token) {
    return token.control ? std::string_view() : token.bytes;
  }

  // Whether the last N of the first COUNT tokens are the first N of IDS, all in
  // the section that READING has come to.
  bool RunEndsAt(size_t count, size_t n, const std::vector<TokenId>& ids,
                 const Reading& reading) const {
    if (n > ids.size() || reading.section_token + n > count) return false;
    for (size_t i = 0; i < n; ++i) {
      if (tokens_[count - n + i].id != ids[i]) return false;
    }
    return true;
  }

  size_t VisibleSize(size_t begin, size_t end) const {
    size_t size = 0;
    for (size_t i = begin; i < end; ++i) {
      size += VisibleBytes(tokens_[i]).size();
    }
    return size;
  }

  Reading Read(size_t count) const {
    Reading reading;
    reading.section = config_.start;
    for (size_t i = 0; i < count && !reading.end; ++i) {
      const bool thought = reading.section == Section::kThought;
      ReadToken(i, &reading);
      reading.reasoning += thought || reading.section == Section::kThought;
    }
    return reading;
  }

  void ReadToken(size_t index, Reading* reading) const {
    const StopToken& token = tokens_[index];
    const bool may_end = index + 1 >= config_.min_tokens;
    const Stop* stop = FindStop(token.id, reading->section);
    if (may_end && stop != nullptr) {
      reading->end = EndBy(CauseOf(stop->role), stop->text);
      reading->end->id = token.id;
      reading->end->from = stop->from;
      return;
    }
    const SectionMarker* run = nullptr;
    for (const SectionMarker& marker : config_.markers) {
      if (marker.from == reading->section && !marker.ids.empty() &&
          RunEndsAt(index + 1, marker.ids.size(), marker.ids, *reading) &&
          (run == nullptr || marker.ids.size() > run->ids.size())) {
        run = &marker;
      }
    }
    if (run != nullptr) {
      reading->text += VisibleBytes(token);
      AddMark(*run, VisibleSize(index + 1 - run->ids.size(), index + 1), index,
              reading);
      return;
    }
    for (const char byte : VisibleBytes(token)) {
      reading->text += byte;
      ReadMatch(index, may_end, reading);
      if (reading->end) return;
    }
  }

  void ReadMatch(size_t index, bool may_end, Reading* reading) const {
    std::string_view longest;
    const bool strings_count = may_end && StringsCountIn(reading->section);
    for (const std::string& string : strings_) {
      if (strings_count && string.size() > longest.size() &&
          reading->SectionText().ends_with(string)) {
        longest = string;
      }
    }
    const SectionMarker* mark = nullptr;
    for (const SectionMarker& marker : config_.markers) {
      if (marker.from == reading->section &&
          marker.text.size() > longest.size() &&
          reading->SectionText().ends_with(marker.text)) {
        longest = marker.text;
        mark = &marker;
      }
    }
    if (mark != nullptr) {
      AddMark(*mark, longest.size(), index, reading);
    } else if (!longest.empty()) {
      const bool user = std::count(config_.stop_strings.begin(),
                                   config_.stop_strings.end(), longest) > 0;
      reading->end = EndBy(EndCause::kStopString, std::string(longest));
      reading->end->from = {
          {user ? Provenance::kUser : Provenance::kDerived, ""}};
      reading->text.resize(reading->text.size() - longest.size());
    }
  }

  static void AddMark(const SectionMarker& marker, size_t size, size_t index,
                      Reading* reading) {
    const size_t end = reading->text.size();
    reading->marks.push_back(
        {.begin = end - size,
         .end = end,
         .shown_in = marker.to == Section::kAnswer ? marker.from : marker.to,
         .opens = marker.to});
    reading->section = marker.to;
    reading->section_begin = end;
    reading->section_token = index + 1;
  }

  size_t ShownBytes() const {
    const size_t count = tokens_.size() - held_tokens_;
    const Reading reading = Read(count);
    size_t open = 0;
    const auto open_text = [&](std::string_view pattern) {
      for (size_t n = 1; n < pattern.size(); ++n) {
        if (reading.SectionText().ends_with(pattern.substr(0, n))) {
          open = std::max(open, n);
        }
      }
    };
    if (StringsCountIn(reading.section)) {
      for (const std::string& string : strings_) open_text(string);
    }
    for (const SectionMarker& marker : config_.markers) {
      if (marker.from != reading.section) continue;
      open_text(marker.text);
      for (size_t n = 1; n < marker.ids.size(); ++n) {
        if (RunEndsAt(count, n, marker.ids, reading)) {
          open = std::max(open, VisibleSize(count - n, count));
        }
      }
    }
    return reading.text.size() - open;
  }

  StopConfig config_;
  std::vector<std::string> strings_;  // the user's and the derived ones
  std::vector<StopToken> tokens_;     // the reply's, without those taken back
  size_t held_tokens_ = 0;            // of these, at the tail
  uint64_t stepped_back_ = 0;
  uint64_t stepped_back_reasoning_ = 0;
  std::optional<End> end_;
};

}  // namespace fullstop

#endif  // FULLSTOP_TESTS_DRIVERS_STOP_TWIN_H_
