/*
 * Reads options from the JSON object that `create` gets as `config`, for plugins in C that have no JSON library. The
 * host writes that object, so it is valid JSON; of other text nothing beyond its end is read.
 *
 * Each function gives 1 and the value of the member `key` of the outermost object, or 0 when there is none of that
 * type; `out` is then as it was. A member of an inner object: take that object with sage_option_json first.
 */
#ifndef SAGE_OPTIONS_H
#define SAGE_OPTIONS_H

#include <sage/abi.h>
#include <stdlib.h>

#ifdef __cplusplus
extern "C" {
#endif

static inline const char* sage_json_space(const char* at, const char* end) {
  while (at != end && (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r')) ++at;
  return at;
}

/* Behind the string that begins at `at`. */
static inline const char* sage_json_string_end(const char* at, const char* end) {
  for (++at; at < end && *at != '"'; ++at)
    if (*at == '\\') ++at;
  return at < end ? at + 1 : end;
}

/* Behind the value that begins at `at`. */
static inline const char* sage_json_value_end(const char* at, const char* end) {
  uint64_t depth = 0;
  while (at != end) {
    if (*at == '"') {
      at = sage_json_string_end(at, end);
    } else {
      if (*at == '{' || *at == '[') ++depth;
      if ((*at == '}' || *at == ']' || *at == ',') && depth == 0) return at;
      if (*at == '}' || *at == ']') --depth;
      ++at;
    }
    if (depth == 0 && at != end && (at[-1] == '"' || at[-1] == '}' || at[-1] == ']')) return at;
  }
  return at;
}

/* The member as JSON text, borrowed from `json`. */
static inline int sage_option_json(sage_str json, const char* key, sage_str* out) {
  const char* at = json.ptr;
  const char* end = json.size == 0 ? at : at + json.size;
  const uint64_t key_size = strlen(key);
  if (at == NULL) return 0;
  at = sage_json_space(at, end);
  if (at == end || *at != '{') return 0;
  for (++at;;) {
    const char* name;
    const char* value;
    const char* name_end;
    at = sage_json_space(at, end);
    if (at == end || *at != '"') return 0;
    name = at + 1;
    name_end = sage_json_string_end(at, end);
    at = sage_json_space(name_end, end);
    if (at == end || *at != ':') return 0;
    value = sage_json_space(at + 1, end);
    at = sage_json_value_end(value, end);
    if ((uint64_t)(name_end - name) == key_size + 1 && memcmp(name, key, key_size) == 0) {
      while (at != value && (at[-1] == ' ' || at[-1] == '\n' || at[-1] == '\t' || at[-1] == '\r')) --at;
      out->ptr = value;
      out->size = (uint64_t)(at - value);
      return 1;
    }
    at = sage_json_space(at, end);
    if (at == end || *at != ',') return 0;
    ++at;
  }
}

static inline int sage_option_number(sage_str json, const char* key, double* out) {
  sage_str value;
  char text[64];
  if (!sage_option_json(json, key, &value) || value.size == 0 || value.size >= sizeof text) return 0;
  if (*value.ptr != '-' && (*value.ptr < '0' || *value.ptr > '9')) return 0;
  memcpy(text, value.ptr, value.size);
  text[value.size] = '\0';
  *out = strtod(text, NULL);
  return 1;
}

static inline int sage_option_integer(sage_str json, const char* key, int64_t* out) {
  sage_str value;
  char text[32];
  char* stop;
  long long read;
  if (!sage_option_json(json, key, &value) || value.size == 0 || value.size >= sizeof text) return 0;
  memcpy(text, value.ptr, value.size);
  text[value.size] = '\0';
  read = strtoll(text, &stop, 10);
  if (stop != text + value.size) return 0;
  *out = read;
  return 1;
}

static inline int sage_option_bool(sage_str json, const char* key, int* out) {
  sage_str value;
  if (!sage_option_json(json, key, &value)) return 0;
  if (value.size == 4 && memcmp(value.ptr, "true", 4) == 0) return *out = 1, 1;
  if (value.size == 5 && memcmp(value.ptr, "false", 5) == 0) return *out = 0, 1;
  return 0;
}

static inline uint32_t sage_json_hex(const char* at) {
  uint32_t value = 0;
  int i;
  for (i = 0; i < 4; ++i) {
    const char c = at[i];
    const char base = (char)(c <= '9' ? '0' : (c | 0x20) == c ? 'a' - 10 : 'A' - 10);
    value = value << 4 | (uint32_t)((c - base) & 15);
  }
  return value;
}

/*
 * The text of a string as UTF-8 with a zero behind it, at most `capacity` bytes with that. 0 also when it does not fit;
 * `size` is without the zero.
 */
static inline int sage_option_text(sage_str json, const char* key, char* out, uint64_t capacity, uint64_t* size) {
  sage_str value;
  const char* at;
  const char* end;
  uint64_t n = 0;
  if (!sage_option_json(json, key, &value) || value.size < 2 || *value.ptr != '"') return 0;
  at = value.ptr + 1;
  end = value.ptr + value.size - 1;
  while (at < end) {
    uint32_t c = (unsigned char)*at++;
    if (c == '\\' && at < end) {
      static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
      const char* found = strchr(from, *at);
      c = found != NULL ? (unsigned char)to[found - from] : (unsigned char)*at;
      if (*at == 'u' && end - at >= 5) {
        c = sage_json_hex(at + 1);
        at += 4;
        if (c >= 0xD800 && c < 0xDC00 && end - at >= 7 && at[1] == '\\' && at[2] == 'u') {
          c = 0x10000 + ((c - 0xD800) << 10) + ((sage_json_hex(at + 3) - 0xDC00) & 0x3FF);
          at += 6;
        }
        if (n + 5 > capacity) return 0;
        if (c >= 0x10000) out[n++] = (char)(0xF0 | c >> 18);
        if (c >= 0x10000) out[n++] = (char)(0x80 | (c >> 12 & 0x3F));
        if (c >= 0x800 && c < 0x10000) out[n++] = (char)(0xE0 | c >> 12);
        if (c >= 0x800) out[n++] = (char)(0x80 | (c >> 6 & 0x3F));
        if (c >= 0x80 && c < 0x800) out[n++] = (char)(0xC0 | c >> 6);
        c = c >= 0x80 ? (0x80 | (c & 0x3F)) : c;
      }
      ++at;
    }
    if (n + 1 >= capacity) return 0;
    out[n++] = (char)c;
  }
  if (capacity == 0) return 0;
  out[n] = '\0';
  *size = n;
  return 1;
}

#ifdef __cplusplus
}
#endif
#endif
