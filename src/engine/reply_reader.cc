#include "engine/reply_reader.h"

#include <algorithm>
#include <utility>

namespace fullstop {

void ReplyReader::Add(TokenId id, std::string_view bytes, bool control) {
  waiting_.push_back({id, std::string(bytes), control});
}

void ReplyReader::StepBack(size_t n) {
  waiting_.resize(waiting_.size() - std::min(n, waiting_.size()));
}

std::vector<ReplyEvent> ReplyReader::Release(size_t bytes, size_t kept) {
  released_ += bytes;
  std::vector<ReplyEvent> events;
  while (waiting_.size() > kept) {
    const Token& token = waiting_.front();
    if (token.control) {
      JoinEvents(parser_.Put(token.id, token.bytes, true), &events);
    } else {
      const size_t more = std::min(token.bytes.size() - taken_, released_);
      JoinEvents(
          parser_.PutText(std::string_view(token.bytes).substr(taken_, more)),
          &events);
      taken_ += more;
      released_ -= more;
      if (taken_ < token.bytes.size()) break;
    }
    waiting_.pop_front();
    taken_ = 0;
  }
  return Note(std::move(events));
}

std::vector<ReplyEvent> ReplyReader::Finish() {
  std::vector<ReplyEvent> events;
  // What is left was cut off by a stop string.
  waiting_.clear();
  JoinEvents(parser_.Finish(), &events);
  return Note(std::move(events));
}

std::vector<ReplyEvent> ReplyReader::Note(std::vector<ReplyEvent> events) {
  for (const ReplyEvent& event : events) reply_.Add(event);
  return events;
}

}  // namespace fullstop
