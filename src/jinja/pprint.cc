#include "jinja/pprint.h"

#include <algorithm>

#include "base/error.h"
#include "jinja/compare.h"
#include "jinja/number.h"
#include "jinja/stable_sort.h"
#include "jinja/text_ops.h"

namespace fullstop::jinja {
namespace {

constexpr int64_t kWidth = 80;

int64_t Columns(const Text& text) {
  return static_cast<int64_t>(CountCodePoints(text.view()));
}

// Keys of one type in their order, of several by the type's name.
bool KeyLess(const Value& a, const Value& b) {
  const bool comparable = (a.is_string() && b.is_string()) ||
                          (IsNumber(a) && IsNumber(b)) ||
                          (a.is_tuple() && b.is_tuple());
  if (comparable) {
    try {
      return Compare(a, b, "<") < 0;
    } catch (const Error&) {
      return false;
    }
  }
  const auto name = [](const Value& value) {
    return "<class '" +
           (value.is_markup() ? "markupsafe.Markup" : TypeName(value)) + "'>";
  };
  return name(a) < name(b);
}

std::vector<Dict::Entry> SortedEntries(const Value& dict) {
  std::vector<Dict::Entry> entries(dict.AsDict().begin(), dict.AsDict().end());
  StableSort(&entries, [](const Dict::Entry& a, const Dict::Entry& b) {
    return KeyLess(a.key, b.key);
  });
  return entries;
}

class Printer {
 public:
  Printer(Runtime* runtime, Text* out) : runtime_(runtime), out_(out) {}

  // INDENT columns stand before the value, ALLOWANCE must stay free behind it.
  void Print(const Value& value, int64_t indent, int64_t allowance, int depth) {
    if (depth > kMaxNesting) FailNesting();
    Text flat(std::string(), value.origin());
    AppendFlat(value, &flat, depth);
    runtime_->ChargeText(flat.size());
    if (Columns(flat) > kWidth - indent - allowance) {
      if (value.is_dict()) {
        PrintDict(value, indent, allowance, depth);
        return;
      }
      const bool group =
          value.is_tuple() &&
          static_cast<const SequenceObject*>(value.object())->group();
      if (value.is_list() || (value.is_tuple() && !group)) {
        PrintList(value, indent, allowance, depth);
        return;
      }
      if (value.is_string() && !value.is_markup()) {
        PrintString(value.AsText(), indent, allowance, depth + 1);
        return;
      }
    }
    out_->Append(flat);
    runtime_->LimitText(out_->size());
  }

 private:
  // repr, with the dicts within sorted too.
  void AppendFlat(const Value& value, Text* out, int depth) {
    if (depth > kMaxNesting) FailNesting();
    runtime_->Charge(1);
    const Origin origin = value.origin();
    if (value.is_dict()) {
      out->Append("{", origin);
      bool first = true;
      for (const Dict::Entry& entry : SortedEntries(value)) {
        if (!first) out->Append(", ", origin);
        first = false;
        AppendFlat(entry.key, out, depth + 1);
        out->Append(": ", origin);
        AppendFlat(entry.value, out, depth + 1);
      }
      out->Append("}", origin);
    } else if (value.is_list() || value.is_tuple()) {
      const std::vector<Value>& items = value.AsItems();
      out->Append(value.is_list() ? "[" : "(", origin);
      for (size_t i = 0; i < items.size(); ++i) {
        if (i > 0) out->Append(", ", origin);
        AppendFlat(items[i], out, depth + 1);
      }
      if (value.is_tuple() && items.size() == 1) out->Append(",", origin);
      out->Append(value.is_list() ? "]" : ")", origin);
    } else {
      AppendRepr(runtime_, value, out, depth);
    }
  }

  void NewLine(int64_t indent, Origin origin) {
    runtime_->ChargeText(static_cast<uint64_t>(indent));
    out_->Append("\n" + std::string(static_cast<size_t>(indent), ' '), origin);
  }

  void PrintDict(const Value& value, int64_t indent, int64_t allowance,
                 int depth) {
    const std::vector<Dict::Entry> entries = SortedEntries(value);
    out_->Append("{", value.origin());
    for (size_t i = 0; i < entries.size(); ++i) {
      if (i > 0) {
        out_->Append(",", value.origin());
        NewLine(indent + 1, value.origin());
      }
      Text key(std::string(), value.origin());
      AppendFlat(entries[i].key, &key, depth);
      out_->Append(key);
      out_->Append(": ", value.origin());
      Print(entries[i].value, indent + Columns(key) + 3,
            i + 1 == entries.size() ? allowance + 1 : 1, depth + 1);
    }
    out_->Append("}", value.origin());
  }

  void PrintList(const Value& value, int64_t indent, int64_t allowance,
                 int depth) {
    const std::vector<Value>& items = value.AsItems();
    const bool one = value.is_tuple() && items.size() == 1;
    const int64_t close = one ? 2 : 1;
    out_->Append(value.is_list() ? "[" : "(", value.origin());
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) {
        out_->Append(",", value.origin());
        NewLine(indent + 1, value.origin());
      }
      Print(items[i], indent + 1, i + 1 == items.size() ? allowance + close : 1,
            depth + 1);
    }
    out_->Append(value.is_list() ? "]" : one ? ",)" : ")", value.origin());
  }

  // A long string in several literals, cut at line ends and white space.
  void PrintString(const Text& text, int64_t indent, int64_t allowance,
                   int depth) {
    const bool outermost = depth == 1;
    if (outermost) {
      ++indent;
      ++allowance;
    }
    std::vector<Text> chunks;
    const std::vector<Text> lines = SplitLines(text, true);
    for (size_t i = 0; i < lines.size(); ++i) {
      AddChunks(lines[i], indent, i + 1 == lines.size() ? allowance : 0,
                &chunks);
    }
    if (chunks.size() == 1) {
      out_->Append(chunks[0]);
      return;
    }
    if (outermost) out_->Append("(", text.origin());
    for (size_t i = 0; i < chunks.size(); ++i) {
      if (i > 0) NewLine(indent, text.origin());
      out_->Append(chunks[i]);
    }
    if (outermost) out_->Append(")", text.origin());
  }

  // The literals of one LINE; SPARE columns stay free behind the last.
  void AddChunks(const Text& line, int64_t indent, int64_t spare,
                 std::vector<Text>* chunks) {
    const int64_t width = kWidth - indent;
    Text whole;
    AppendStringRepr(line, &whole);
    if (Columns(whole) <= width - spare) {
      chunks->push_back(std::move(whole));
      return;
    }
    // Words with the white space behind them.
    std::vector<Text> parts;
    const std::string_view bytes = line.view();
    for (size_t i = 0; i < bytes.size();) {
      size_t end = i;
      while (end < bytes.size() && !IsSpace(CodePointAt(bytes, end))) {
        end = NextCodePoint(bytes, end);
      }
      while (end < bytes.size() && IsSpace(CodePointAt(bytes, end))) {
        end = NextCodePoint(bytes, end);
      }
      parts.push_back(line.Slice(i, end));
      i = end;
    }
    Text current;
    for (size_t i = 0; i < parts.size(); ++i) {
      Text candidate = current;
      candidate.Append(parts[i]);
      const int64_t room = i + 1 == parts.size() ? width - spare : width;
      Text shown;
      AppendStringRepr(candidate, &shown);
      runtime_->ChargeText(shown.size());
      if (Columns(shown) > room) {
        if (!current.empty()) PushLiteral(current, chunks);
        current = parts[i];
      } else {
        current = std::move(candidate);
      }
    }
    if (!current.empty()) PushLiteral(current, chunks);
  }

  static void PushLiteral(const Text& text, std::vector<Text>* chunks) {
    Text literal;
    AppendStringRepr(text, &literal);
    chunks->push_back(std::move(literal));
  }

  Runtime* runtime_;
  Text* out_;
};

}  // namespace

Text PrettyFormat(Runtime* runtime, const Value& value) {
  Text out(std::string(), value.origin());
  Printer(runtime, &out).Print(value, 0, 0, 0);
  return out;
}

}  // namespace fullstop::jinja
