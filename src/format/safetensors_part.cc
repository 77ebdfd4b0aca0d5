#include "format/safetensors_part.h"

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "base/error.h"
#include "format/byte_cursor.h"
#include "format/file_kind.h"
#include "format/json_events.h"
#include "format/quote.h"

namespace fullstop {
namespace {

constexpr std::string_view kMetadata = "__metadata__";
constexpr size_t kInFile = 1;    // within the header's object
constexpr size_t kInTensor = 2;  // within a tensor's, or the metadata
constexpr size_t kInArray = 3;

// Builds the tensors from the header's events.
class HeaderReader : public JsonEvents {
 public:
  explicit HeaderReader(std::span<const std::byte> data) : data_(data) {}

  SafetensorsPart Take() {
    SafetensorsPart part;
    part.tensors.assign(std::make_move_iterator(tensors_.begin()),
                        std::make_move_iterator(tensors_.end()));
    part.metadata = std::move(metadata_);
    return part;
  }

  void StartObject(size_t depth) override {
    if (depth == 0) return;
    if (depth != kInFile) throw Bad(Where() + " holds an object");
    if (in_metadata_) return;
    current_ = {};
    current_.name = std::move(key_);
    current_.byte = byte();
    seen_type_ = seen_shape_ = false;
    offsets_.reset();
  }

  void Key(std::string& key, size_t depth) override {
    key_ = std::move(key);
    if (depth == kInFile) in_metadata_ = key_ == kMetadata;
  }

  void EndObject(size_t depth) override {
    if (depth != kInFile || std::exchange(in_metadata_, false)) return;
    Place();
    tensors_.push_back(std::move(current_));
  }

  void StartArray(size_t depth) override {
    if (depth == 0) throw Bad("its header is no JSON object");
    if (depth != kInTensor || in_metadata_ ||
        (key_ != "shape" && key_ != "data_offsets")) {
      throw Bad(Where() + " holds an array");
    }
    CheckOnce(key_ == "shape" ? seen_shape_ : offsets_.has_value());
    numbers_.clear();
  }

  void EndArray(size_t) override {
    if (key_ == "shape") {
      current_.shape = numbers_;
      seen_shape_ = true;
      return;
    }
    if (numbers_.size() != 2) {
      throw Bad(Where() + " has " + std::to_string(numbers_.size()) +
                " data offsets, not 2");
    }
    offsets_ = {numbers_[0], numbers_[1]};
  }

  void String(std::string& text, size_t depth) override {
    if (in_metadata_ && depth == kInTensor) return AddMetadata(text);
    if (depth != kInTensor || key_ != "dtype") return Other(depth);
    CheckOnce(seen_type_);
    seen_type_ = true;
    const std::optional<SafetensorsType> type = ParseSafetensorsType(text);
    if (!type) {
      throw Bad(Where() + " has the unknown type " + QuoteName(text))
          .Advice("use a newer program, or another file of this model");
    }
    current_.type = *type;
  }

  void Unsigned(uint64_t number, size_t depth) override {
    if (depth != kInArray) return Other(depth);
    if (numbers_.size() == kMaxSafetensorsDimensions) {
      throw Bad(Where() + " has more than " +
                std::to_string(kMaxSafetensorsDimensions) + " dimensions");
    }
    numbers_.push_back(number);
  }

  void Other(size_t depth) override {
    if (depth == 0) throw Bad("its header is no JSON object");
    if (depth == kInTensor && !in_metadata_ && key_ != "dtype" &&
        key_ != "shape" && key_ != "data_offsets") {
      return;  // a field from after this program
    }
    throw Bad(Where() + " has a value of the wrong kind");
  }

 private:
  std::string Where() const {
    if (in_metadata_) return std::string(kMetadata);
    return "tensor " + QuoteName(current_.name.empty() ? key_ : current_.name);
  }

  void CheckOnce(bool seen) const {
    if (seen) throw Bad(Where() + " has two fields " + QuoteName(key_));
  }

  void AddMetadata(std::string& text) {
    if (metadata_.size() == kMaxSafetensorsMetadata) {
      throw Bad(std::string(kMetadata) + " has more than " +
                std::to_string(kMaxSafetensorsMetadata) + " entries");
    }
    metadata_.insert_or_assign(std::move(key_), std::move(text));
  }

  // Turns the offsets of the current tensor into its data.
  void Place() {
    if (!seen_type_ || !seen_shape_ || !offsets_) {
      throw Bad(Where() + " lacks its " +
                (!seen_type_    ? "dtype"
                 : !seen_shape_ ? "shape"
                                : "data_offsets"));
    }
    const auto [begin, end] = *offsets_;
    if (begin > end) throw Bad(Where() + " ends before it begins");
    if (end > data_.size()) {
      throw Bad(Where() + " ends at byte " + std::to_string(end) +
                " of the data, of which there are " +
                std::to_string(data_.size()))
          .Advice(ByteCursor::kCutOrDamaged);
    }
    if (SafetensorsBytes(current_.type, current_.shape) != end - begin) {
      throw Bad(Where() + " has " + std::to_string(end - begin) +
                " bytes, which its type and shape do not give");
    }
    current_.data = data_.subspan(begin, end - begin);
  }

  std::span<const std::byte> data_;
  // Grows without a copy, which would count against the bound on memory.
  std::deque<SafetensorsTensor> tensors_;
  SafetensorsMetadata metadata_;
  std::string key_;
  bool in_metadata_ = false;
  // The tensor that is being read.
  SafetensorsTensor current_ = {};
  bool seen_type_ = false;
  bool seen_shape_ = false;
  std::optional<std::pair<uint64_t, uint64_t>> offsets_;
  std::vector<uint64_t> numbers_;
};

// The tensors must cover the data without gaps.
void CheckCover(const std::vector<SafetensorsTensor>& tensors,
                std::span<const std::byte> data, const ByteCursor& cursor) {
  const std::byte* next = data.data();
  for (const SafetensorsTensor& tensor : tensors) {
    if (tensor.data.data() != next) {
      const bool overlaps = tensor.data.data() < next;
      throw cursor.Bad(tensor.byte, "tensor " + QuoteName(tensor.name) +
                                        (overlaps ? " overlaps the one before"
                                                  : " leaves a gap before it"));
    }
    next += tensor.data.size();
  }
  const auto covered = static_cast<uint64_t>(next - data.data());
  if (covered != data.size()) {
    throw cursor
        .Bad(cursor.size() - data.size() + covered,
             std::to_string(data.size() - covered) +
                 " bytes lie behind the last tensor")
        .Advice(ByteCursor::kCutOrDamaged);
  }
}

std::string_view ReadHeader(ByteCursor* cursor,
                            std::span<const std::byte> bytes) {
  if (bytes.size() < 8) {
    throw cursor->Bad(
        0, "not a safetensors file, but " + GuessFileKind(bytes).what);
  }
  const auto length = cursor->Read<uint64_t>("the length of its header");
  const bool absurd = length > kMaxSafetensorsHeader;
  if (absurd || (cursor->remaining() > 0 && bytes[8] != std::byte{'{'})) {
    const FileKind kind = GuessFileKind(bytes);
    std::string what = "not a safetensors file, but " + kind.what;
    throw(kind.is_pointer ? cursor->NotFound(0, std::move(what))
                          : cursor->Bad(0, std::move(what)))
        .Advice(kind.advice);
  }
  if (length > cursor->remaining()) {
    throw cursor
        ->Bad(0, "its header is " + std::to_string(length) +
                     " bytes long, but only " +
                     std::to_string(cursor->remaining()) + " are left")
        .Advice(ByteCursor::kCutOrDamaged);
  }
  return {reinterpret_cast<const char*>(bytes.data()) + 8,
          static_cast<size_t>(length)};
}

}  // namespace

SafetensorsPart ReadSafetensorsPart(std::span<const std::byte> bytes,
                                    const std::string& name) {
  ByteCursor cursor(bytes, name);
  const std::string_view header = ReadHeader(&cursor, bytes);
  const std::span<const std::byte> data = bytes.subspan(8 + header.size());
  HeaderReader reader(data);
  ReadJsonEvents(header, name, 8, &reader);
  SafetensorsPart part = reader.Take();
  std::ranges::sort(part.tensors, {}, [](const SafetensorsTensor& tensor) {
    return std::tuple(tensor.data.data(), tensor.data.size(), tensor.byte);
  });
  CheckCover(part.tensors, data, cursor);
  return part;
}

}  // namespace fullstop
