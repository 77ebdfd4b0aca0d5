#include "generate/stop_machine.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>
#include <utility>

#include "base/error.h"

namespace fullstop {
namespace {

constexpr size_t kSections = 4;

size_t IndexOf(Section section) { return static_cast<size_t>(section); }

EndCause CauseOf(StopRole role) {
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

struct StopString {
  std::string text;
  std::vector<Source> from;
};

std::vector<StopString> JoinStrings(const StopConfig& config) {
  std::vector<StopString> joined;
  const auto add = [&joined](const std::vector<std::string>& texts,
                             const Source& source) {
    for (const std::string& text : texts) joined.push_back({text, {source}});
  };
  add(config.stop_strings, {Provenance::kUser, "stop string"});
  add(config.stops.strings, {Provenance::kDerived, "stop string"});
  return joined;
}

void Check(const StopConfig& config) {
  for (const auto* strings : {&config.stop_strings, &config.stops.strings}) {
    if (std::find(strings->begin(), strings->end(), "") != strings->end()) {
      throw Error::Usage("a stop string is empty")
          .Advice(
              "an empty string would end every reply at once: leave it out");
    }
  }
  if (config.max_tokens && config.min_tokens > *config.max_tokens) {
    throw Error::Usage("the minimum of " + std::to_string(config.min_tokens) +
                       " tokens is above the maximum of " +
                       std::to_string(*config.max_tokens));
  }
  std::set<std::pair<Section, std::vector<TokenId>>> ids;
  std::set<std::pair<Section, std::string>> texts;
  for (const SectionMarker& marker : config.markers) {
    if (marker.ids.empty() == marker.text.empty()) {
      throw Error::Usage("a marker needs ids or a text, and not both");
    }
    const bool is_new = marker.text.empty()
                            ? ids.emplace(marker.from, marker.ids).second
                            : texts.emplace(marker.from, marker.text).second;
    if (!is_new) {
      throw Error::Usage("two markers leave the section " +
                         std::string(SectionName(marker.from)) + " by " +
                         (marker.text.empty()
                              ? "id " + std::to_string(marker.ids.front())
                              : "the text " + marker.text));
    }
  }
}

}  // namespace

std::string_view SectionName(Section section) {
  switch (section) {
    case Section::kAnswer:
      return "answer";
    case Section::kThought:
      return "thought";
    case Section::kCall:
      return "call";
    case Section::kHeader:
      return "header";
  }
  return "";
}

void JoinPieces(std::vector<Piece> from, std::vector<Piece>* to) {
  for (Piece& piece : from) {
    if (!to->empty() && to->back().section == piece.section &&
        to->back().marker == piece.marker) {
      to->back().bytes += piece.bytes;
    } else {
      to->push_back(std::move(piece));
    }
  }
}

// The configuration, compiled: for each section the patterns that matter there.
struct StopMachine::Plan {
  // What a pattern means; a stop string and a marker may share one.
  struct Meaning {
    const StopString* string = nullptr;
    const SectionMarker* marker = nullptr;
  };
  struct Patterns {
    std::optional<ByteMatcher> matcher;  // absent where there is no pattern
    std::vector<Meaning> meanings;
  };

  explicit Plan(StopConfig given)
      : config(std::move(given)), strings(JoinStrings(config)) {
    Check(config);
    for (size_t i = 0; i < kSections; ++i) {
      sections[i] = Compile(static_cast<Section>(i));
    }
  }

  bool StringsMatter(Section section) const {
    switch (section) {
      case Section::kAnswer:
        return true;
      case Section::kThought:
        return config.strings_in_thought;
      case Section::kCall:
        return config.strings_in_call;
      case Section::kHeader:
        return false;
    }
    return false;
  }

  Patterns Compile(Section section) const {
    std::map<std::string_view, Meaning> meanings;
    if (StringsMatter(section)) {
      for (const StopString& string : strings) {
        Meaning& meaning = meanings[string.text];
        if (meaning.string == nullptr) meaning.string = &string;
      }
    }
    for (const SectionMarker& marker : config.markers) {
      if (marker.from == section && marker.ids.empty()) {
        meanings[marker.text].marker = &marker;
      }
    }
    Patterns patterns;
    if (meanings.empty()) return patterns;
    std::vector<std::string> texts;
    for (const auto& [text, meaning] : meanings) {
      texts.emplace_back(text);
      patterns.meanings.push_back(meaning);
    }
    patterns.matcher.emplace(texts);
    return patterns;
  }

  // Where the ids of RUN are a marker that leaves SECTION: WHOLE, or all but
  // its end.
  const SectionMarker* FindRun(Section section, std::span<const RunToken> run,
                               bool whole) const {
    const auto same = [](TokenId id, const RunToken& token) {
      return id == token.id;
    };
    for (const SectionMarker& marker : config.markers) {
      const std::vector<TokenId>& ids = marker.ids;
      const bool fits =
          whole ? ids.size() == run.size() : ids.size() > run.size();
      if (marker.from == section && fits &&
          std::equal(ids.begin(), ids.begin() + run.size(), run.begin(),
                     same)) {
        return &marker;
      }
    }
    return nullptr;
  }

  const StopConfig config;
  const std::vector<StopString> strings;
  std::array<Patterns, kSections> sections;
};

StopMachine::StopMachine(StopConfig config)
    : plan_(std::make_shared<const Plan>(std::move(config))) {
  now_.section = plan_->config.start;
  shown_section_ = plan_->config.start;
  if (plan_->config.max_tokens == 0) end_ = EndByEvent({});
}

StopStep StopMachine::Put(const StopToken& token, const StopEvents& events) {
  StopStep step;
  if (end_) return step;
  history_.push_back(now_);
  const bool in_thought = now_.section == Section::kThought;
  ++now_.tokens;
  std::optional<End> end = Read(token);
  if (in_thought || now_.section == Section::kThought) ++now_.reasoning;
  if (!end && events.loop && events.loop->step_back > 0) {
    step.stepped_back = StepBack(events.loop->step_back);
  }
  if (!end) end = EndByEvent(events);
  if (end) {
    Finish(std::move(*end), &step);
  } else {
    const size_t hold = events.hold.value_or(plan_->config.hold_tokens);
    while (history_.size() > hold) history_.pop_front();
    Release(history_.empty() ? now_ : history_.front(), &step.pieces);
  }
  return step;
}

StopStep StopMachine::Close(const StopEvents& events) {
  StopStep step;
  if (end_) return step;
  StopEvents last = events;
  if (last.loop) last.loop->step_back = 0;
  if (std::optional<End> end = EndByEvent(last)) {
    Finish(std::move(*end), &step);
  }
  return step;
}

void StopMachine::Rollback(size_t n) {
  if (n > history_.size()) {
    throw Error::Usage("can't take back " + std::to_string(n) +
                       " tokens: the text of all but the last " +
                       std::to_string(history_.size()) + " is shown");
  }
  if (n == 0) return;
  const size_t kept = history_.size() - n;
  now_ = history_[kept];
  history_.resize(kept);
  text_.resize(now_.end - text_begin_);
  marks_.resize(now_.marks - marks_shown_);
}

ReplyUsage StopMachine::usage() const {
  return {now_.tokens + stepped_back_, now_.reasoning + stepped_back_reasoning_,
          stepped_back_};
}

std::string_view StopMachine::held() const {
  return std::string_view(text_).substr(shown_ - text_begin_);
}

const Stop* StopMachine::FindStop(TokenId id) const {
  const Stop* stop = plan_->config.stops.Find(id);
  const bool counts = stop != nullptr && (stop->role != StopRole::kSection ||
                                          now_.section == Section::kAnswer);
  return counts ? stop : nullptr;
}

bool StopMachine::may_stop() const {
  return now_.tokens + 1 >= plan_->config.min_tokens;
}

// Takes the token's bytes in; returns the end that its id or its bytes are.
std::optional<End> StopMachine::Read(const StopToken& token) {
  if (now_.tokens >= plan_->config.min_tokens) {
    if (const Stop* stop = FindStop(token.id)) {
      return End{CauseOf(stop->role), stop->id, stop->text, stop->from};
    }
  }
  const uint64_t begin = now_.end;
  if (!token.control) text_ += token.bytes;
  now_.end = text_begin_ + text_.size();
  if (ReadIdMarker(token.id, begin)) return std::nullopt;
  return Match(begin);
}

// Whether the token, whose bytes begin at BEGIN, completes a marker's ids.
bool StopMachine::ReadIdMarker(TokenId id, uint64_t begin) {
  std::vector<RunToken>& run = now_.run;
  run.push_back({id, begin});
  for (size_t i = 0; i < run.size(); ++i) {
    const auto tail = std::span(run).subspan(i);
    if (const auto* marker = plan_->FindRun(now_.section, tail, true)) {
      AddMark(tail.front().begin, now_.end, marker->to);
      now_.safe = now_.end;
      return true;
    }
  }
  while (!run.empty() && plan_->FindRun(now_.section, run, false) == nullptr) {
    run.erase(run.begin());
  }
  return false;
}

// Looks for patterns in the visible bytes from FROM on.
std::optional<End> StopMachine::Match(uint64_t from) {
  for (uint64_t position = from; position < now_.end; ++position) {
    const auto& matcher = plan_->sections[IndexOf(now_.section)].matcher;
    if (!matcher) break;
    const auto byte = static_cast<unsigned char>(text_[position - text_begin_]);
    now_.node = matcher->Next(now_.node, byte);
    if (std::optional<End> end = MatchAt(position + 1)) return end;
  }
  const auto& matcher = plan_->sections[IndexOf(now_.section)].matcher;
  now_.safe = now_.end - (matcher ? matcher->HeldLength(now_.node) : 0);
  if (!now_.run.empty()) {
    now_.safe = std::min(now_.safe, now_.run.front().begin);
  }
  return std::nullopt;
}

// The longest pattern that counts and ends at POSITION, if any: a stop string
// is cut off and returned, a marker opens its section.
std::optional<End> StopMachine::MatchAt(uint64_t position) {
  const Plan::Patterns& patterns = plan_->sections[IndexOf(now_.section)];
  const bool may_end = now_.tokens >= plan_->config.min_tokens;
  for (auto match = patterns.matcher->Longest(now_.node);
       match != ByteMatcher::kStart; match = patterns.matcher->Shorter(match)) {
    const Plan::Meaning& meaning =
        patterns.meanings[patterns.matcher->pattern(match)];
    if (meaning.string != nullptr && may_end) {
      now_.end = position - meaning.string->text.size();
      text_.resize(now_.end - text_begin_);
      return End{EndCause::kStopString, std::nullopt, meaning.string->text,
                 meaning.string->from};
    }
    if (meaning.marker != nullptr) {
      AddMark(position - meaning.marker->text.size(), position,
              meaning.marker->to);
      return std::nullopt;
    }
  }
  return std::nullopt;
}

void StopMachine::AddMark(uint64_t begin, uint64_t end, Section section) {
  marks_.push_back({begin, end, section});
  ++now_.marks;
  now_.section = section;
  now_.node = ByteMatcher::kStart;
  now_.run.clear();
}

size_t StopMachine::StepBack(size_t n) {
  n = std::min(n, history_.size());
  const uint64_t reasoning = now_.reasoning;
  Rollback(n);
  stepped_back_ += n;
  stepped_back_reasoning_ += reasoning - now_.reasoning;
  return n;
}

std::optional<End> StopMachine::EndByEvent(const StopEvents& events) const {
  End end;
  if (events.loop && events.loop->step_back == 0) {
    end.cause = EndCause::kLoop;
    end.period = events.loop->period;
    end.count = events.loop->count;
  } else if (plan_->config.max_tokens &&
             now_.tokens + stepped_back_ >= *plan_->config.max_tokens) {
    end.cause = EndCause::kMaxTokens;
  } else if (events.context_full) {
    end.cause = EndCause::kContextFull;
  } else if (events.cancelled) {
    end.cause = EndCause::kCancelled;
  } else if (events.error) {
    end.cause = EndCause::kError;
    end.text = *events.error;
  } else {
    return std::nullopt;
  }
  return end;
}

// Moves the held bytes before LIMIT's safe position into PIECES. LIMIT is the
// oldest state that Rollback can return to, so what it knows is settled.
void StopMachine::Release(const State& limit, std::vector<Piece>* pieces) {
  const auto show = [&](uint64_t end, Section section, bool marker) {
    if (end <= shown_) return;
    if (pieces->empty() || pieces->back().section != section ||
        pieces->back().marker != marker) {
      pieces->push_back({section, marker, {}});
    }
    pieces->back().bytes.append(text_, shown_ - text_begin_, end - shown_);
    shown_ = end;
  };
  while (marks_shown_ < limit.marks) {
    const Mark mark = marks_.front();
    show(mark.begin, shown_section_, false);
    const bool opens_answer = mark.section == Section::kAnswer;
    show(mark.end, opens_answer ? shown_section_ : mark.section, true);
    shown_section_ = mark.section;
    marks_.pop_front();
    ++marks_shown_;
  }
  show(limit.safe, shown_section_, false);
  // Shown bytes are dropped once they are the greater part of the buffer, so
  // that each byte is moved a bounded number of times.
  if (shown_ - text_begin_ > text_.size() / 2) {
    text_.erase(0, shown_ - text_begin_);
    text_begin_ = shown_;
  }
}

void StopMachine::Finish(End end, StopStep* step) {
  history_.clear();
  now_.safe = now_.end;
  Release(now_, &step->pieces);
  end_ = end;
  step->end = std::move(end);
}

}  // namespace fullstop
