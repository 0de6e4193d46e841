#include "catalog/yaml_tree.hpp"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "base/error.hpp"
#include "base/quote.hpp"
#include "base/utf8.hpp"

namespace host::catalog {
namespace {

constexpr size_t size_max = 64 << 10;  // thirty times what such a file has
constexpr size_t depth_max = 16;       // the parser calls itself for each level

std::string place(const std::string& file, const YAML::Mark& at) {
  return at.is_null() ? file : fmt::format("{}:{}:{}", file, at.line + 1, at.column + 1);
}

class Builder final : public YAML::EventHandler {
 public:
  explicit Builder(const std::string& file) : file_(file) {}
  YamlNode take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark& /*at*/) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& at, YAML::anchor_t anchor) override {
    add(node(at, YamlNode::Kind::nothing, "", anchor));
  }
  void OnAlias(const YAML::Mark& at, YAML::anchor_t /*anchor*/) override { refuse_alias(at); }
  void OnScalar(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    auto text = node(at, YamlNode::Kind::text, tag, anchor);
    text.text = value;
    text.quoted = tag == "!";
    add(std::move(text));
  }
  void OnSequenceStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    begin(at, node(at, YamlNode::Kind::list, tag, anchor));
  }
  void OnSequenceEnd() override { end(); }
  void OnMapStart(const YAML::Mark& at, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    begin(at, node(at, YamlNode::Kind::table, tag, anchor));
  }
  void OnMapEnd() override { end(); }

 private:
  // A table or list that is not at its end, and in a table the key whose value comes next.
  struct Open {
    YamlNode node;
    std::string key, key_where;
    bool has_key = false;
  };

  [[noreturn]] void refuse(const YAML::Mark& at, std::string_view problem) const {
    throw base::usage_error(fmt::format("{}: {}", place(file_, at), problem));
  }
  [[noreturn]] void refuse_alias(const YAML::Mark& at) const {
    refuse(at, "anchors and aliases are not read; write the value out");
  }

  // Tags: "?" plain, "!" quoted, "" nothing.
  YamlNode node(const YAML::Mark& at, YamlNode::Kind kind, const std::string& tag, YAML::anchor_t anchor) const {
    if (anchor != 0) refuse_alias(at);
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse(at, fmt::format("the tag {} is not read; leave it out", base::in_quotes(tag)));
    return {.kind = kind, .where = place(file_, at)};
  }

  [[nodiscard]] bool expects_key() const {
    return !open_.empty() && open_.back().node.kind == YamlNode::Kind::table && !open_.back().has_key;
  }

  void begin(const YAML::Mark& at, YamlNode started) {
    if (expects_key()) refuse(at, "a key must be a text");
    if (open_.size() == depth_max)
      refuse(at, fmt::format("it is more than {} levels deep; make it flatter", depth_max));
    open_.push_back({std::move(started), {}, {}, false});
  }
  void end() {
    auto ended = std::move(open_.back().node);
    open_.pop_back();
    add(std::move(ended));
  }

  void add(YamlNode added) {
    if (open_.empty()) {
      root_ = std::move(added);
      return;
    }
    auto& parent = open_.back();
    if (expects_key()) {
      take_key(parent, added);
      return;
    }
    if (parent.has_key) {
      added.key = std::exchange(parent.key, {});
      added.where = std::exchange(parent.key_where, {});
      parent.has_key = false;
    }
    parent.node.items.push_back(std::move(added));
  }

  static void take_key(Open& parent, YamlNode& key) {
    if (key.kind != YamlNode::Kind::text) throw base::usage_error(key.where + ": a key must be a text");
    const auto same = std::ranges::find(parent.node.items, key.text, &YamlNode::key);
    if (same != parent.node.items.end())
      throw base::usage_error(fmt::format("{}: the key {} stands there twice, first at {}; leave one of them",
                                          key.where, base::in_quotes(key.text), same->where));
    parent.key = std::move(key.text);
    parent.key_where = std::move(key.where);
    parent.has_key = true;
  }

  const std::string& file_;
  std::vector<Open> open_;
  YamlNode root_;
};

void check_text(std::string_view text, const std::string& file) {
  if (text.size() > size_max)
    throw base::usage_error(
        fmt::format("{}: it has {} bytes, and {} are the most; is it the right file?", file, text.size(), size_max));
  size_t line = 1;
  for (size_t begin = 0; begin < text.size(); ++line) {
    const auto end = std::min(text.find('\n', begin), text.size());
    const auto part = text.substr(begin, end - begin);
    if (!base::is_utf8(part) || part.find('\0') != std::string_view::npos)
      throw base::usage_error(fmt::format("{}:{}: this is not UTF-8 text; save the file as UTF-8", file, line));
    begin = end + 1;
  }
}

}  // namespace

YamlNode parse_yaml(std::string_view text, const std::string& file) {
  const auto shown_file = base::one_line(file);
  check_text(text, shown_file);
  std::istringstream in{std::string(text)};
  Builder builder(shown_file);
  try {
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
    Builder more(shown_file);
    if (parser.HandleNextDocument(more))
      throw base::usage_error(fmt::format("{}: it holds several documents; leave one, without ---", shown_file));
  } catch (const YAML::Exception& e) {
    throw base::usage_error(
        fmt::format("{}: {}; this is no YAML as a configuration has it: key: value, indented by blanks",
                    place(shown_file, e.mark), base::one_line(e.msg)));
  }
  auto root = builder.take();
  if (root.kind != YamlNode::Kind::table)
    throw base::usage_error(fmt::format("{}: it holds no table; a configuration is key: value", shown_file));
  return root;
}

}  // namespace host::catalog
