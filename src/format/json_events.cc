#include "format/json_events.h"

#include <iterator>
#include <nlohmann/json.hpp>
#include <span>
#include <utility>

namespace fullstop {
namespace {

constexpr std::ptrdiff_t kMaxJsonToken = 1 << 20;

// How far the parser has read, and where the event before ended.
struct Progress {
  const char* position;
  const char* event;
};

// Tells how far the parser has read. It ends early, where a single text or
// number gets too long: the parser's errors hold several copies of it.
class TracedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TracedIterator(const char* at, Progress* progress)
      : at_(at), progress_(progress) {}

  reference operator*() const { return *at_; }
  TracedIterator& operator++() {
    progress_->position = ++at_;
    return *this;
  }
  bool operator==(const TracedIterator& end) const {
    return at_ == end.at_ || at_ - progress_->event > kMaxJsonToken;
  }

 private:
  const char* at_;
  Progress* progress_;
};

// The parser's interface; true means: go on.
class Adapter : public nlohmann::json_sax<nlohmann::json> {
 public:
  Adapter(JsonEvents* events, Progress* progress)
      : events_(events), progress_(progress) {}

  bool null() override { return Other(); }
  bool boolean(bool) override { return Other(); }
  bool number_integer(number_integer_t) override { return Other(); }
  bool number_unsigned(number_unsigned_t number) override {
    events_->Unsigned(number, depth_);
    return Done();
  }
  bool number_float(number_float_t, const string_t&) override {
    return Other();
  }
  bool string(string_t& text) override {
    events_->String(text, depth_);
    return Done();
  }
  bool binary(binary_t&) override { return Other(); }
  bool start_object(size_t) override {
    events_->StartObject(depth_++);
    return Done();
  }
  bool key(string_t& text) override {
    events_->Key(text, depth_);
    return Done();
  }
  bool end_object() override {
    events_->EndObject(--depth_);
    return Done();
  }
  bool start_array(size_t) override {
    events_->StartArray(depth_++);
    return Done();
  }
  bool end_array() override {
    events_->EndArray(--depth_);
    return Done();
  }
  bool parse_error(size_t, const std::string&,
                   const nlohmann::json::exception&) override {
    if (progress_->position - progress_->event > kMaxJsonToken) {
      throw events_->Bad("a text or number longer than 1 MiB");
    }
    throw events_->Bad("not valid JSON")
        .Advice(
            "the file is cut short (an incomplete download?) or damaged: "
            "fetch it again");
  }

 private:
  bool Other() {
    events_->Other(depth_);
    return Done();
  }
  // Every event ends with this.
  bool Done() {
    progress_->event = progress_->position;
    return true;
  }

  JsonEvents* events_;
  Progress* progress_;
  size_t depth_ = 0;
};

}  // namespace

uint64_t JsonEvents::byte() const {
  const auto read = static_cast<uint64_t>(*position_ - begin_);
  return first_byte_ + (read == 0 ? 0 : read - 1);
}

Error JsonEvents::Bad(std::string what) const {
  return Error::Format(std::move(what)).In(*name_).AtByte(byte());
}

void ReadJsonEvents(std::string_view text, const std::string& name,
                    uint64_t first_byte, JsonEvents* events) {
  const std::span<const char> bytes(text);
  Progress progress = {bytes.data(), bytes.data()};
  events->name_ = &name;
  events->position_ = &progress.position;
  events->begin_ = bytes.data();
  events->first_byte_ = first_byte;
  Adapter adapter(events, &progress);
  const char* end = bytes.data() + bytes.size();
  nlohmann::json::sax_parse(TracedIterator(bytes.data(), &progress),
                            TracedIterator(end, &progress), &adapter);
}

}  // namespace fullstop
