// Writes the first files of tests/corpus/format_gguf_fuzz and of
// tests/corpus/format_gguf_split_fuzz into the two folders that are the
// arguments: every value type and every tensor type, of both versions; sets of
// files, one behind the other. The fuzzers found the other files from these.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "format/gguf_writer.h"

namespace {

using fullstop::GgufArray;
using fullstop::GgufValue;
using fullstop::GgufWriter;

std::string Scalars() {
  GgufWriter writer;
  writer.Add("u8", {uint8_t{1}});
  writer.Add("i8", {int8_t{-1}});
  writer.Add("u16", {uint16_t{2}});
  writer.Add("i16", {int16_t{-2}});
  writer.Add("u32", {uint32_t{3}});
  writer.Add("i32", {int32_t{-3}});
  writer.Add("f32", {0.5f});
  writer.Add("b", {true});
  writer.Add("s", {std::string_view("text")});
  writer.Add("u64", {uint64_t{4}});
  writer.Add("i64", {int64_t{-4}});
  writer.Add("f64", {0.25});
  return writer.ToString();
}

template <typename... T>
std::string Arrays(const std::vector<T>&... arrays) {
  GgufWriter writer;
  char name = 'a';
  (writer.Add(std::string(1, name++), {GgufArray(arrays)}), ...);
  return writer.ToString();
}

// One block of each type whose number is in [BEGIN, END), all bytes 0x3C.
std::string Tensors(uint32_t begin, uint32_t end) {
  const std::vector<std::byte> data(1024, std::byte{0x3C});
  GgufWriter writer;
  writer.Add("general.alignment", {uint32_t{2}});
  for (uint32_t number = begin; number < end; ++number) {
    const auto* traits = fullstop::FindTensorTraits(number);
    if (traits == nullptr || traits->block_length == 0) continue;
    const uint64_t shape[] = {traits->block_length};
    writer.AddTensor(traits->name, static_cast<fullstop::TensorType>(number),
                     shape, std::span(data).first(traits->block_bytes));
  }
  return writer.ToString();
}

// A set of COUNT files that says there are DECLARED, with a tensor in each.
std::string Set(uint16_t count, uint16_t declared) {
  const uint8_t value = 7;
  const uint64_t shape[] = {1};
  std::string files;
  for (uint16_t i = 0; i < count; ++i) {
    GgufWriter writer;
    writer.Add("general.alignment", {uint32_t{1}});
    writer.Add("split.no", {i});
    writer.Add("split.count", {declared});
    writer.Add("split.tensors.count", {int32_t{count}});
    writer.AddTensor(std::string(1, static_cast<char>('a' + i)),
                     fullstop::TensorType::kI8, shape,
                     std::as_bytes(std::span(&value, 1)));
    files += writer.ToString();
  }
  return files;
}

void Write(const std::string& path, std::string bytes) {
  fullstop::WriteFileAtomically(path + "_v3.gguf", bytes);
  bytes[4] = 2;
  fullstop::WriteFileAtomically(path + "_v2.gguf", bytes);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const std::string folder = std::string(argv[1]) + "/";
  Write(folder + "scalars", Scalars());
  Write(folder + "arrays",
        Arrays(std::vector<uint8_t>{1}, std::vector<int8_t>{-1},
               std::vector<uint16_t>{1, 2}, std::vector<int16_t>{-1},
               std::vector<uint32_t>{1}, std::vector<int32_t>{-1},
               std::vector<float>{0.5f}, std::vector<bool>{true, false},
               std::vector<std::string_view>{"", "a"},
               std::vector<uint64_t>{~uint64_t{0}}, std::vector<int64_t>{-1},
               std::vector<double>{0.5}));
  const GgufValue inner = {GgufArray(std::vector<uint8_t>{1, 2})};
  const GgufValue nested = {GgufArray(std::vector<GgufValue>{})};
  Write(folder + "nested",
        Arrays(std::vector<GgufValue>{inner, inner},
               std::vector<GgufValue>{nested}, std::vector<GgufValue>{}));
  Write(folder + "tensors_small", Tensors(0, 10));
  Write(folder + "tensors_k", Tensors(10, 16));
  Write(folder + "tensors_rest", Tensors(16, 43));
  const std::string sets = std::string(argv[2]) + "/";
  fullstop::WriteFileAtomically(sets + "one", Set(1, 0));
  fullstop::WriteFileAtomically(sets + "two", Set(2, 2));
  fullstop::WriteFileAtomically(sets + "three", Set(3, 3));
  fullstop::WriteFileAtomically(sets + "wrong_count", Set(2, 3));
}
