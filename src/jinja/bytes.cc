#include "jinja/bytes.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "base/utf8.h"
#include "jinja/arguments.h"
#include "jinja/compare.h"
#include "jinja/number.h"
#include "jinja/string_escape.h"
#include "jinja/unicode.h"

namespace fullstop::jinja {
namespace {

enum class Encoding { kUtf8, kAscii, kLatin1 };

Encoding EncodingOf(const Value& name) {
  if (name.is_missing()) return Encoding::kUtf8;
  std::string plain;
  for (const char c : TextArgument("the encoding", name).view()) {
    if (c == '-' || c == '_' || c == ' ') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  if (plain == "utf8") return Encoding::kUtf8;
  if (plain == "ascii" || plain == "usascii") return Encoding::kAscii;
  if (plain == "latin1" || plain == "iso88591") return Encoding::kLatin1;
  Fail("the encoding '" + name.AsText().bytes() + "' is not supported");
}

std::string_view HandlerOf(const Value& errors) {
  return errors.is_missing() ? "strict" : TextArgument("errors", errors).view();
}

// What the error handler of that name writes for a letter that an encoding
// lacks.
std::string Unencodable(char32_t c, std::string_view handler) {
  if (handler == "ignore") return "";
  if (handler == "replace") return "?";
  if (handler == "backslashreplace") return EscapedLetter(c);
  if (handler == "xmlcharrefreplace") {
    return "&#" + std::to_string(static_cast<uint32_t>(c)) + ";";
  }
  Fail("a character that the encoding does not have");
}

// The same for bytes that are no letter.
std::string Undecodable(std::string_view bytes, std::string_view handler) {
  if (handler == "ignore") return "";
  if (handler == "replace") return "\xEF\xBF\xBD";
  if (handler == "backslashreplace") {
    std::string text;
    for (const char c : bytes) {
      text += EscapedLetter(static_cast<unsigned char>(c));
    }
    return text;
  }
  Fail("bytes that can't be decoded");
}

class Bytes : public HostObject {
 public:
  explicit Bytes(Text bytes) : bytes_(std::move(bytes)) {}
  std::string_view type_name() const override { return "bytes"; }
  const Text& bytes() const { return bytes_; }

  void Repr(Runtime* runtime, Text* out, Origin, int) const override {
    const std::string_view bytes = bytes_.view();
    runtime->ChargeText(bytes.size());
    const bool single = bytes.find('\'') != std::string_view::npos &&
                        bytes.find('"') == std::string_view::npos;
    const char quote = single ? '"' : '\'';
    out->Append(std::string("b") + quote, bytes_.origin());
    for (size_t i = 0; i < bytes.size(); ++i) {
      out->Append(Shown(bytes[i], quote), bytes_.OriginAt(i));
    }
    out->Append(std::string(1, quote), bytes_.origin());
  }
  Value GetAttr(Runtime*, std::string_view name) override {
    if (name != "decode" && name != "hex") return Value::Missing();
    return MakeCallable(Value::Share(this), name == "hex" ? Hex : Decode);
  }
  bool has_items() const override { return true; }
  Value GetItem(Runtime*, const Value& key) override {
    const auto index = ToIndex(key);
    const int64_t size = static_cast<int64_t>(bytes_.size());
    if (!index || *index >= size || *index < -size) return Value::Missing();
    return At(static_cast<size_t>(*index < 0 ? *index + size : *index));
  }
  Value Iterate(Runtime*) override {
    return MakeGenerator(
        {Value::Share(this), Value::Int(0)},
        [](Runtime*, Generator::Held* held, Value* out) {
          const auto* self = static_cast<const Bytes*>((*held)[0].object());
          const auto next = static_cast<size_t>((*held)[1].AsSmallInt());
          if (next >= self->bytes_.size()) return false;
          *out = self->At(next);
          (*held)[1] = Value::Int(static_cast<int64_t>(next) + 1);
          return true;
        },
        "bytes_iterator");
  }
  std::optional<int64_t> Length(Runtime*) override {
    return static_cast<int64_t>(bytes_.size());
  }
  bool Equals(const Value& other, int) const override {
    const auto* bytes = dynamic_cast<const Bytes*>(other.object());
    return bytes != nullptr && bytes->bytes_.view() == bytes_.view();
  }
  std::optional<uint64_t> HashValue() const override {
    return HashBytes(bytes_.view());
  }

 private:
  static std::string Shown(char c, char quote) {
    if (c == '\t') return "\\t";
    if (c == '\n') return "\\n";
    if (c == '\r') return "\\r";
    if (c == '\\' || c == quote) return std::string("\\") + c;
    if (c >= 0x20 && c < 0x7F) return std::string(1, c);
    return EscapedLetter(static_cast<unsigned char>(c));
  }
  Value At(size_t index) const {
    return Value::Int(static_cast<unsigned char>(bytes_.view()[index]),
                      bytes_.OriginAt(index));
  }
  static Value Hex(Runtime*, const Value& self, Arguments* arguments) {
    BindNothing("hex", arguments);
    const Text& bytes = static_cast<const Bytes*>(self.object())->bytes_;
    Text out(std::string(), bytes.origin());
    for (size_t i = 0; i < bytes.size(); ++i) {
      const unsigned char byte = static_cast<unsigned char>(bytes.view()[i]);
      out.Append(EscapedLetter(byte).substr(2), bytes.OriginAt(i));
    }
    return Value::String(std::move(out));
  }
  static Value Decode(Runtime* runtime, const Value& self,
                      Arguments* arguments) {
    const auto [encoding, errors] =
        Bind<2>("decode", arguments, 0, {"encoding", "errors"});
    const Encoding from = EncodingOf(encoding);
    const std::string_view handler = HandlerOf(errors);
    const Text& bytes = static_cast<const Bytes*>(self.object())->bytes_;
    runtime->ChargeText(bytes.size());
    Text out(std::string(), bytes.origin());
    for (size_t i = 0; i < bytes.size();) {
      CodePoint letter = DecodeCodePoint(bytes.view().substr(i));
      if (from != Encoding::kUtf8) {
        const auto byte = static_cast<unsigned char>(bytes.view()[i]);
        letter = {byte, 1, from == Encoding::kLatin1 || byte < 0x80};
      }
      if (!letter.valid) {
        out.Append(Undecodable(bytes.view().substr(i, letter.length), handler),
                   bytes.OriginAt(i));
      } else if (from == Encoding::kLatin1) {
        std::string text;
        AppendUtf8(letter.value, &text);
        out.Append(text, bytes.OriginAt(i));
      } else {
        out.Append(bytes, i, i + letter.length);
      }
      i += letter.length;
    }
    return Value::String(std::move(out));
  }

  Text bytes_;
};

Value MakeBytes(Text bytes) {
  return Value::Adopt(Value::Tag::kObject, new Bytes(std::move(bytes)));
}

bool IsBigEndian(const Value& order) {
  if (order.is_missing()) return true;
  const std::string_view name = TextArgument("byteorder", order).view();
  if (name != "big" && name != "little") {
    Fail("byteorder must be 'big' or 'little'");
  }
  return name == "big";
}

}  // namespace

Value EncodeText(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [encoding, errors] =
      Bind<2>("encode", arguments, 0, {"encoding", "errors"});
  const Encoding to = EncodingOf(encoding);
  const std::string_view handler = HandlerOf(errors);
  const Text& text = self.AsText();
  runtime->ChargeText(text.size());
  if (to == Encoding::kUtf8) return MakeBytes(text);
  Text out(std::string(), text.origin());
  for (size_t i = 0; i < text.size(); i = NextCodePoint(text.view(), i)) {
    const char32_t c = CodePointAt(text.view(), i);
    const bool fits = c < (to == Encoding::kAscii ? 0x80 : 0x100);
    out.Append(
        fits ? std::string(1, static_cast<char>(c)) : Unencodable(c, handler),
        text.OriginAt(i));
  }
  return MakeBytes(std::move(out));
}

Value IntToBytes(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [length, byteorder, is_signed] =
      Bind<3>("to_bytes", arguments, 0, {"length", "byteorder", "signed"});
  const int64_t size = IntArgument("length", length, 1);
  const bool big = IsBigEndian(byteorder);
  if (size < 0) Fail("the length of to_bytes is negative");
  runtime->ChargeText(static_cast<uint64_t>(size));
  BigInt value = ToBigInt(self);
  const bool minus = value.negative();
  const bool with_sign = FlagArgument(runtime, is_signed, false);
  if (minus && !with_sign) Fail("a negative int needs signed=true");
  // The bits of a two's complement: -1 - value, inverted.
  if (minus) value = -(value + BigInt(1));
  if (value.BitLength() + (with_sign ? 1 : 0) > 8 * static_cast<size_t>(size)) {
    Fail("an int too big for its bytes");
  }
  std::string hex = value.ToString(16);
  hex.insert(0,
             2 * static_cast<size_t>(size) > hex.size()
                 ? 2 * static_cast<size_t>(size) - hex.size()
                 : 0,
             '0');
  std::string bytes;
  for (size_t i = hex.size() - 2 * static_cast<size_t>(size);
       i + 1 < hex.size(); i += 2) {
    const int byte = std::stoi(hex.substr(i, 2), nullptr, 16);
    bytes += static_cast<char>(minus ? ~byte : byte);
  }
  if (!big) std::reverse(bytes.begin(), bytes.end());
  return MakeBytes(Text(std::move(bytes), self.origin()));
}

Value IntFromBytes(Runtime* runtime, const Value& self, Arguments* arguments) {
  const auto [from, byteorder, is_signed] =
      Bind<3>("from_bytes", arguments, 1, {"bytes", "byteorder", "signed"});
  std::vector<Value> items = ToList(runtime, from);
  if (!IsBigEndian(byteorder)) std::reverse(items.begin(), items.end());
  BigInt value;
  for (const Value& item : items) {
    const int64_t byte = IntArgument("a byte", item);
    if (byte < 0 || byte > 255) Fail("bytes must be in range(0, 256)");
    runtime->Charge(value.BitLength() / 32);
    value = value * BigInt(256) + BigInt(byte);
  }
  if (FlagArgument(runtime, is_signed, false) &&
      value.BitLength() == 8 * items.size() && !items.empty()) {
    value = value - BigInt::Pow(BigInt(2), 8 * items.size());
  }
  if (self.is_bool()) return Value::Bool(!value.zero(), from.origin());
  return Value::Big(value, from.origin());
}

}  // namespace fullstop::jinja
