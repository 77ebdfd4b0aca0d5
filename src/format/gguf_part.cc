#include "format/gguf_part.h"

#include <algorithm>
#include <bit>
#include <limits>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "base/error.h"
#include "format/byte_cursor.h"
#include "format/file_kind.h"
#include "format/quote.h"

namespace fullstop {
namespace {

constexpr std::string_view kAlignmentKey = "general.alignment";
constexpr uint64_t kDefaultAlignment = 32;
constexpr uint32_t kArrayType = 9;
constexpr uint64_t kMaxByte = std::numeric_limits<int64_t>::max();
// What the shortest entry (a key of one byte, a value of one) and the shortest
// description of a tensor (no name, no dimension) take up.
constexpr uint64_t kLeastEntry = 8 + 1 + 4 + 1;
constexpr uint64_t kLeastTensor = 8 + 4 + 4 + 8;
constexpr uint64_t kLeastString = 8;
constexpr uint64_t kLeastArray = 4 + 8;

uint32_t ReverseBytes(uint32_t x) {
  return x >> 24 | (x >> 8 & 0xFF00) | (x << 8 & 0xFF0000) | x << 24;
}

class PartReader {
 public:
  PartReader(std::span<const std::byte> bytes, const std::string& name)
      : bytes_(bytes), cursor_(bytes, name) {}

  GgufPart Read() {
    ReadVersion();
    const uint64_t tensor_count = cursor_.Read<uint64_t>("its header");
    const uint64_t entry_count = cursor_.Read<uint64_t>("its header");
    CheckHeaderCount(tensor_count, kMaxGgufTensors, kLeastTensor, "tensors", 8);
    CheckHeaderCount(entry_count, kMaxGgufEntries, kLeastEntry, "entries", 16);
    part_.entries.reserve(entry_count);
    for (uint64_t i = 0; i < entry_count; ++i) ReadEntry();
    const uint64_t alignment = Alignment();
    part_.tensors.reserve(tensor_count);
    places_.reserve(tensor_count);
    for (uint64_t i = 0; i < tensor_count; ++i) ReadTensor();
    PlaceTensors(alignment);
    return std::move(part_);
  }

 private:
  void ReadVersion() {
    if (bytes_.size() < 4 || cursor_.Read<uint32_t>("") != kMagic) {
      const FileKind kind = GuessFileKind(bytes_);
      throw cursor_.Bad(0, "not a GGUF file, but " + kind.what)
          .Advice(kind.advice);
    }
    const uint32_t version = cursor_.Read<uint32_t>("its header");
    const std::string text = std::to_string(version);
    if (version == 1) {
      throw cursor_.Unsupported(4, "a GGUF file of version 1")
          .Advice("versions 2 and 3 are read: convert the model again");
    }
    if (version != 0 && (version & 0xFFFF) == 0) {
      throw cursor_
          .Unsupported(4, "a big-endian GGUF file (version " +
                              std::to_string(ReverseBytes(version)) + ")")
          .Advice("get or make the little-endian file of this model");
    }
    if (version != 2 && version != 3) {
      throw cursor_.Unsupported(4, "a GGUF file of unknown version " + text)
          .Advice(
              "versions 2 and 3 are read: use a newer program, or fetch the "
              "file again if it is damaged");
    }
    part_.version = version;
  }

  void CheckHeaderCount(uint64_t count, uint64_t limit, uint64_t least,
                        const std::string& what, uint64_t byte) const {
    const uint64_t fit = cursor_.remaining() / least;
    if (count <= limit && count <= fit) return;
    throw cursor_
        .Bad(byte, "the header counts " + std::to_string(count) + " " + what +
                       ", but " +
                       (count > limit ? "more than " + std::to_string(limit) +
                                            " are not believed"
                                      : "no more than " + std::to_string(fit) +
                                            " fit into the " +
                                            std::to_string(bytes_.size()) +
                                            " bytes of the file"))
        .Advice(ByteCursor::kCutOrDamaged);
  }

  void ReadEntry() {
    const uint64_t byte = cursor_.position();
    const std::string_view key = cursor_.ReadString("the name of a key");
    if (key.empty()) throw cursor_.Bad(byte, "a key without a name");
    what_ = "the value of key " + QuoteName(key);
    const uint32_t type = ReadType("a value type");
    part_.entries.push_back({key, ReadValue(type, 0), byte});
  }

  uint32_t ReadType(const char* what) {
    const uint64_t byte = cursor_.position();
    const uint32_t type = cursor_.Read<uint32_t>(what_);
    if (type >= std::variant_size_v<decltype(GgufValue::value)>) {
      throw cursor_
          .Bad(byte, what_ + " has " + what + " " + std::to_string(type) +
                         " that GGUF does not define")
          .Advice(ByteCursor::kCutOrDamaged);
    }
    return type;
  }

  // The alternative number INDEX of VARIANT, made by READ<its type>().
  template <typename Variant, size_t kIndex = 0, typename ReadOne>
  static Variant Alternative(uint32_t index, ReadOne& read) {
    if constexpr (kIndex + 1 < std::variant_size_v<Variant>) {
      if (index != kIndex) {
        return Alternative<Variant, kIndex + 1>(index, read);
      }
    }
    using T = std::variant_alternative_t<kIndex, Variant>;
    return Variant(std::in_place_index<kIndex>, read.template operator()<T>());
  }

  GgufValue ReadValue(uint32_t type, int depth) {
    auto read = [this, depth]<typename T>() -> T {
      if constexpr (std::is_same_v<T, bool>) {
        return ReadBool();
      } else if constexpr (std::is_same_v<T, std::string_view>) {
        return cursor_.ReadString(what_);
      } else if constexpr (std::is_same_v<T, GgufArray>) {
        return ReadArray(depth);
      } else {
        return cursor_.Read<T>(what_);
      }
    };
    return {Alternative<decltype(GgufValue::value)>(type, read)};
  }

  GgufArray ReadArray(int depth) {
    const uint64_t byte = cursor_.position();
    if (depth == 2) {
      throw cursor_.Unsupported(byte,
                                what_ + " nests arrays more than two deep");
    }
    const uint32_t type = ReadType("an element type");
    auto read = [this, depth]<typename T>() -> T {
      using Element = typename T::value_type;
      if constexpr (std::is_same_v<Element, bool>) {
        return ReadBools();
      } else if constexpr (std::is_arithmetic_v<Element>) {
        return cursor_.ReadMany<Element>(
            cursor_.ReadCount(sizeof(Element), what_), what_);
      } else {
        constexpr bool kStrings = std::is_same_v<Element, std::string_view>;
        const uint64_t count =
            cursor_.ReadCount(kStrings ? kLeastString : kLeastArray, what_);
        T values;
        values.reserve(count);
        for (uint64_t i = 0; i < count; ++i) {
          if constexpr (kStrings) {
            values.push_back(cursor_.ReadString(what_));
          } else {
            values.push_back(ReadValue(kArrayType, depth + 1));
          }
        }
        return values;
      }
    };
    return Alternative<GgufArray>(type, read);
  }

  bool ReadBool() {
    const uint64_t byte = cursor_.position();
    const uint8_t value = cursor_.Read<uint8_t>(what_);
    if (value > 1) {
      throw cursor_.Bad(byte, what_ + " is a bool of " + std::to_string(value) +
                                  ", neither 0 nor 1");
    }
    return value == 1;
  }

  std::vector<bool> ReadBools() {
    const uint64_t count = cursor_.ReadCount(1, what_);
    std::vector<bool> values(count);
    for (uint64_t i = 0; i < count; ++i) values[i] = ReadBool();
    return values;
  }

  uint64_t Alignment() const {
    const auto entry =
        std::ranges::find(part_.entries, kAlignmentKey, &GgufEntry::key);
    if (entry == part_.entries.end()) return kDefaultAlignment;
    const uint32_t* alignment = std::get_if<uint32_t>(&entry->value.value);
    if (alignment == nullptr) {
      throw cursor_.Bad(
          entry->byte, "key " + QuoteName(kAlignmentKey) + " is of " + "type " +
                           GgufTypeName(entry->value) + ", not uint32");
    }
    if (!std::has_single_bit(*alignment)) {
      throw cursor_.Bad(entry->byte, "key " + QuoteName(kAlignmentKey) +
                                         " is " + std::to_string(*alignment) +
                                         ", not a power of two");
    }
    return *alignment;
  }

  void ReadTensor() {
    GgufTensor tensor;
    tensor.byte = cursor_.position();
    tensor.file = 0;
    tensor.name = cursor_.ReadString("the name of a tensor");
    what_ = "tensor " + QuoteName(tensor.name);
    uint64_t byte = cursor_.position();
    const uint32_t dimensions = cursor_.Read<uint32_t>(what_);
    if (dimensions > kMaxTensorDimensions) {
      throw cursor_.Bad(byte, what_ + " has " + std::to_string(dimensions) +
                                  " dimensions; at most " +
                                  std::to_string(kMaxTensorDimensions) +
                                  " are possible");
    }
    tensor.shape = cursor_.ReadMany<uint64_t>(dimensions, what_);
    byte = cursor_.position();
    tensor.type = CheckedType(cursor_.Read<uint32_t>(what_), byte);
    const uint64_t size = CheckedBytes(tensor);
    places_.push_back({cursor_.Read<uint64_t>(what_), size});
    part_.tensors.push_back(std::move(tensor));
  }

  TensorType CheckedType(uint32_t number, uint64_t byte) const {
    const TensorTraits* traits = FindTensorTraits(number);
    if (traits == nullptr) {
      throw cursor_
          .Unsupported(
              byte, what_ + " has the unknown type " + std::to_string(number))
          .Advice(
              "use a newer program, or fetch the file again if it is damaged");
    }
    if (traits->block_length == 0) {
      throw cursor_
          .Unsupported(byte, what_ + " has the type " +
                                 std::string(traits->name) +
                                 ", which was taken out of GGUF")
          .Advice("convert or quantise the model again");
    }
    return static_cast<TensorType>(number);
  }

  uint64_t CheckedBytes(const GgufTensor& tensor) const {
    const TensorTraits& traits = Traits(tensor.type);
    const uint64_t columns = tensor.shape.empty() ? 1 : tensor.shape[0];
    if (columns % traits.block_length != 0) {
      throw cursor_.Bad(
          tensor.byte,
          what_ + " has rows of " + std::to_string(columns) +
              ", not a multiple of the " + std::to_string(traits.block_length) +
              " weights in a block of " + std::string(traits.name));
    }
    const std::optional<uint64_t> bytes =
        TensorBytes(tensor.type, tensor.shape);
    if (bytes) return *bytes;
    throw cursor_.Bad(tensor.byte,
                      what_ + " of type " + std::string(traits.name) +
                          " has the absurd shape " + ShapeText(tensor.shape));
  }

  // Gives each tensor its data.
  void PlaceTensors(uint64_t alignment) {
    if (part_.tensors.empty()) return;
    const uint64_t start =
        (cursor_.position() + alignment - 1) & ~(alignment - 1);
    uint64_t needed = start;
    for (size_t i = 0; i < places_.size(); ++i) {
      const Place& place = places_[i];
      if (place.offset % alignment != 0) {
        throw cursor_.Bad(part_.tensors[i].byte,
                          Describe(i) + " begins at offset " +
                              std::to_string(place.offset) +
                              ", not a multiple of the alignment " +
                              std::to_string(alignment));
      }
      if (place.offset > kMaxByte - start ||
          place.size > kMaxByte - start - place.offset) {
        throw cursor_.Bad(part_.tensors[i].byte,
                          Describe(i) + " begins at the absurd offset " +
                              std::to_string(place.offset));
      }
      needed = std::max(needed, start + place.offset + place.size);
    }
    for (size_t i = 0; i < places_.size(); ++i) {
      const uint64_t begin = start + places_[i].offset;
      if (begin + places_[i].size > bytes_.size()) throw Cut(i, start, needed);
      part_.tensors[i].data = bytes_.subspan(begin, places_[i].size);
    }
    CheckOverlaps();
  }

  Error Cut(size_t tensor, uint64_t start, uint64_t needed) const {
    const Place& place = places_[tensor];
    const uint64_t have = bytes_.size();
    return cursor_
        .Bad(part_.tensors[tensor].byte,
             Describe(tensor) + " ends at byte " +
                 std::to_string(start + place.offset + place.size) +
                 ", but the file has only " + std::to_string(have) + " of " +
                 std::to_string(needed) + " bytes")
        .Advice(
            "most likely an incomplete download: fetch the file again, or go "
            "on with the download");
  }

  void CheckOverlaps() const {
    std::vector<uint32_t> order;
    order.reserve(places_.size());
    for (size_t i = 0; i < places_.size(); ++i) {
      if (places_[i].size > 0) order.push_back(static_cast<uint32_t>(i));
    }
    std::ranges::sort(order, {}, [this](uint32_t i) {
      return std::pair(places_[i].offset, i);
    });
    for (size_t i = 1; i < order.size(); ++i) {
      const Place& before = places_[order[i - 1]];
      if (before.offset + before.size > places_[order[i]].offset) {
        throw cursor_.Bad(
            part_.tensors[order[i]].byte,
            Describe(order[i]) + " overlaps " + Describe(order[i - 1]));
      }
    }
  }

  std::string Describe(size_t tensor) const {
    const GgufTensor& described = part_.tensors[tensor];
    return "tensor " + QuoteName(described.name) + " (" +
           std::string(TensorTypeName(described.type)) + ", " +
           ShapeText(described.shape) + ")";
  }

  static std::string ShapeText(std::span<const uint64_t> shape) {
    if (shape.empty()) return "a single number";
    std::string text;
    for (const uint64_t dimension : shape) {
      if (!text.empty()) text += " x ";
      text += std::to_string(dimension);
    }
    return text;
  }

  struct Place {
    uint64_t offset;  // from the start of the data
    uint64_t size;
  };

  static constexpr uint32_t kMagic = 0x46554747;  // "GGUF"

  std::span<const std::byte> bytes_;
  ByteCursor cursor_;
  GgufPart part_ = {};
  std::vector<Place> places_;  // of part_.tensors
  std::string what_;           // what is being read, for errors
};

}  // namespace

GgufPart ReadGgufPart(std::span<const std::byte> bytes,
                      const std::string& name) {
  return PartReader(bytes, name).Read();
}

}  // namespace fullstop
