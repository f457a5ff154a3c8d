/* Reads network.conf, which unciad writes: the genesis, and where the validators listen. */
#include "network.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sodium.h>
#include "base64url.h"
#include "sign.h"

/* "e", not to be inherited by other programs, is known to POSIX systems. */
#ifdef _WIN32
#define READ_MODE "rb"
#else
#define READ_MODE "rbe"
#endif

struct section {
	bool seen, has_address, has_key;
	char host[HOST_SIZE_MAX];
	uint16_t port;
	uint8_t key[32];
	char websocket[WEBSOCKET_URL_SIZE_MAX];
};

struct reader {
	char name[64];
	char *genesis; /* base64url text, chunk after chunk */
	size_t genesis_size, genesis_capacity;
	struct section validators[COMMITTEE_SIZE_MAX];
	int error;
	char what[UNCIA_WHY_SIZE - 32]; /* the first mistake */
	char why[UNCIA_WHY_SIZE];       /* with its line */
};

/* Notes the first mistake. Returns false. */
__attribute__((format(printf, 3, 4))) static bool mistake(struct reader *r, int error, const char *format, ...)
{
	va_list arguments;
	if (r->error != 0)
		return false;
	va_start(arguments, format);
	vsnprintf(r->what, sizeof(r->what), format, arguments);
	va_end(arguments);
	r->error = error;
	return false;
}

static bool add_genesis(struct reader *r, const char *chunk)
{
	size_t size = strlen(chunk);
	if (size > r->genesis_capacity - r->genesis_size) {
		size_t capacity = r->genesis_capacity * 2 + size + 4096;
		if (capacity > NETWORK_FILE_SIZE_MAX * 2ull)
			return mistake(r, UNCIA_E_LIMIT, "the genesis is too large");
		char *grown = realloc(r->genesis, capacity);
		if (!grown)
			return mistake(r, UNCIA_E_MEMORY, "no memory");
		r->genesis = grown;
		r->genesis_capacity = capacity;
	}
	assert(r->genesis && size <= r->genesis_capacity - r->genesis_size);
	memcpy(r->genesis + r->genesis_size, chunk, size);
	r->genesis_size += size;
	return true;
}

/* Decimal, no sign, no leading zero. */
static bool parse_number(const char *text, unsigned long max, unsigned long *number)
{
	size_t size = strlen(text);
	if (size == 0 || size > 5 || strspn(text, "0123456789") != size || (text[0] == '0' && size > 1))
		return false;
	*number = strtoul(text, NULL, 10);
	return *number <= max;
}

static bool network_on_validator(struct reader *r, unsigned long index, const char *name, const char *value)
{
	struct section *v = &r->validators[index];
	size_t size;
	v->seen = true;
	if (!name)
		return true;
	if (strcmp(name, "address") == 0) {
		if (v->has_address || !host_port_parse(value, v->host, &v->port))
			return mistake(r, UNCIA_E_CONFIG, "the address of validator %lu is not host:port, once", index);
		v->has_address = true;
		return true;
	}
	if (strcmp(name, "network_key") == 0) {
		if (v->has_key || strlen(value) != 64 ||
		    sodium_hex2bin(v->key, sizeof(v->key), value, 64, NULL, &size, NULL) || size != sizeof(v->key))
			return mistake(r, UNCIA_E_CONFIG,
			               "the network_key of validator %lu is not 64 hexadecimal digits, once", index);
		v->has_key = true;
		return true;
	}
	return mistake(r, UNCIA_E_CONFIG, "unknown key \"%.40s\"", name);
}

static bool validator_section(const char *section, unsigned long *index)
{
	static const char prefix[] = "validator.";
	return strncmp(section, prefix, sizeof(prefix) - 1) == 0 &&
	       parse_number(section + sizeof(prefix) - 1, COMMITTEE_SIZE_MAX - 1, index);
}

/* A section, even if nothing stands in it (name NULL), or a value in one. */
static bool network_take_line(struct reader *r, const char *section, const char *name, const char *value)
{
	unsigned long index;
	if (validator_section(section, &index))
		return network_on_validator(r, index, name, value);
	if (strcmp(section, "network") != 0)
		return name && *section == '\0'
		           ? mistake(r, UNCIA_E_CONFIG, "\"%.40s\" stands before any [section]", name)
		           : mistake(r, UNCIA_E_CONFIG, "unknown section \"%.40s\"", section);
	if (!name)
		return true;
	if (strcmp(name, "genesis") == 0)
		return add_genesis(r, value);
	if (strcmp(name, "name") != 0)
		return mistake(r, UNCIA_E_CONFIG, "unknown key \"%.40s\"", name);
	if (r->name[0] != '\0' || strlen(value) >= sizeof(r->name))
		return mistake(r, UNCIA_E_CONFIG, "the name is not 1 to 32 characters, once");
	strcpy(r->name, value);
	return true;
}

/* What files say that readers before this one pass over as comments. Names that this one does not know it passes over,
 * too. */
static bool network_take_note(struct reader *r, const char *section, const char *name, const char *value)
{
	unsigned long index;
	if (!validator_section(section, &index) || strcmp(name, "websocket") != 0)
		return true;
	struct section *v = &r->validators[index];
	if (v->websocket[0] != '\0' || !websocket_url_good(value))
		return mistake(r, UNCIA_E_CONFIG, "the websocket of validator %lu is not ws://… or wss://…, once",
		               index);
	strcpy(v->websocket, value);
	return true;
}

static int decode_genesis(struct reader *r, struct genesis *genesis)
{
	size_t size;
	if (r->genesis_size == 0)
		return mistake(r, UNCIA_E_CONFIG, "there is no genesis"), r->error;
	uint8_t *bytes = malloc(r->genesis_size / 4 * 3 + 3);
	if (!bytes)
		return mistake(r, UNCIA_E_MEMORY, "no memory"), r->error;
	int rc = base64url_decode(r->genesis, r->genesis_size, bytes, &size);
	if (!rc)
		rc = size > GENESIS_SIZE_MAX ? UNCIA_E_LIMIT : genesis_decode(genesis, bytes, size);
	unsigned version = rc == UNCIA_E_VERSION ? genesis_version(bytes, size) : 0;
	free(bytes);
	if (version)
		return mistake(r, rc,
		               "a network by version %u of the rules, and this program keeps those of version %u: %s",
		               version, GENESIS_VERSION, "update the program, or ask for a new network file"),
		       rc;
	if (rc == UNCIA_E_ENCODING)
		rc = UNCIA_E_CONFIG;
	if (rc)
		mistake(r, rc, "the genesis is not one: %s", uncia_error_text(rc));
	return rc;
}

static int check_validator(struct reader *r, const struct genesis *genesis, uint32_t index)
{
	const struct section *v = &r->validators[index];
	if (!v->has_address || !v->has_key)
		mistake(r, UNCIA_E_CONFIG, "validator %u needs both an address and a network_key", index);
	else if (index >= genesis->committee.size)
		mistake(r, UNCIA_E_CONFIG, "validator %u is not in the committee of the genesis", index);
	else if (memcmp(v->key, genesis->committee.validators[index].network_key, sizeof(v->key)) != 0)
		mistake(r, UNCIA_E_CONFIG, "the network_key of validator %u is not the one of the genesis", index);
	return r->error;
}

/* Checks the whole file against itself and builds the network. */
static int network_build(struct reader *r, struct uncia_network *network)
{
	uint32_t count = 0;
	int rc = decode_genesis(r, &network->genesis);
	if (rc)
		return rc;
	if (strcmp(r->name, network->genesis.name) != 0)
		return mistake(r, UNCIA_E_CONFIG, "the name is not the one of the genesis"), r->error;
	for (uint32_t i = 0; i < COMMITTEE_SIZE_MAX; i++)
		count += r->validators[i].seen;
	if (count == 0) /* enough to verify what validators have signed; no wallet is opened with it */
		return 0;
	network->endpoints = calloc(count, sizeof(*network->endpoints));
	if (!network->endpoints)
		return mistake(r, UNCIA_E_MEMORY, "no memory"), r->error;
	for (uint32_t i = 0; i < COMMITTEE_SIZE_MAX; i++) {
		if (!r->validators[i].seen)
			continue;
		if ((rc = check_validator(r, &network->genesis, i)))
			return rc;
		assert(network->endpoint_count < count);
		struct endpoint *e = &network->endpoints[network->endpoint_count++];
		e->validator = i;
		strcpy(e->host, r->validators[i].host);
		strcpy(e->websocket, r->validators[i].websocket);
		e->port = r->validators[i].port;
	}
	return 0;
}

static int network_read_text(struct reader *r, const char *text, struct uncia_network *network)
{
	struct ini_reader lines;
	enum ini_line line;
	bool good = true;
	ini_begin(&lines, text, strlen(text));
	lines.notes = true;
	while (good && (line = ini_next(&lines)) != INI_END)
		good = line == INI_WRONG  ? mistake(r, UNCIA_E_CONFIG, "%s", lines.wrong)
		       : line == INI_NOTE ? network_take_note(r, lines.section, lines.name, lines.value)
		                          : network_take_line(r, lines.section, lines.name, lines.value);
	if (!good)
		snprintf(r->why, sizeof(r->why), "line %u: %s", lines.line, r->what);
	else if (network_build(r, network))
		strcpy(r->why, r->what);
	return r->error;
}

int uncia_network_parse(const char *text, struct uncia_network **network, char why[UNCIA_WHY_SIZE])
{
	if (!text || !network)
		return UNCIA_E_ARGUMENT;
	struct reader *r = calloc(1, sizeof(*r));
	struct uncia_network *read = calloc(1, sizeof(*read));
	if (read)
		atomic_init(&read->users, 1);
	int rc = !r || !read ? UNCIA_E_MEMORY : sign_self_test();
	if (rc && why)
		snprintf(why, UNCIA_WHY_SIZE, "%s", uncia_error_text(rc));
	if (!rc) {
		rc = network_read_text(r, text, read);
		if (rc && why)
			memcpy(why, r->why, UNCIA_WHY_SIZE);
	}
	if (r)
		free(r->genesis);
	free(r);
	if (rc) {
		uncia_network_free(read);
		return rc;
	}
	*network = read;
	return 0;
}

static int network_read_file(FILE *file, char **text)
{
	size_t used = 0, capacity = 0;
	char *buffer = NULL;
	for (;;) {
		if (used + 1 >= capacity) {
			capacity = capacity == 0 ? 16384 : capacity * 2;
			char *grown = capacity > NETWORK_FILE_SIZE_MAX ? NULL : realloc(buffer, capacity);
			if (!grown) {
				free(buffer);
				return capacity > NETWORK_FILE_SIZE_MAX ? UNCIA_E_LIMIT : UNCIA_E_MEMORY;
			}
			buffer = grown;
		}
		size_t n = fread(buffer + used, 1, capacity - 1 - used, file);
		used += n;
		if (n == 0)
			break;
	}
	assert(used < capacity);
	buffer[used] = '\0';
	if (ferror(file) || strlen(buffer) != used) {
		free(buffer);
		return ferror(file) ? UNCIA_E_IO : UNCIA_E_CONFIG;
	}
	*text = buffer;
	return 0;
}

int uncia_network_load(const char *path, struct uncia_network **network, char why[UNCIA_WHY_SIZE])
{
	char *text = NULL;
	if (!path || !network)
		return UNCIA_E_ARGUMENT;
	errno = 0;
	FILE *file = fopen(path, READ_MODE);
	int rc = file                                  ? network_read_file(file, &text)
	         : errno == ENOENT || errno == ENOTDIR ? UNCIA_E_NOT_FOUND
	         : errno == ENOMEM                     ? UNCIA_E_MEMORY
	                                               : UNCIA_E_IO;
	int number = errno;
	if (file)
		fclose(file);
	if (rc) {
		if (why)
			snprintf(why, UNCIA_WHY_SIZE, "%.180s cannot be read: %s", path,
			         rc == UNCIA_E_IO || number == ENOTDIR ? strerror(number) : uncia_error_text(rc));
		return rc;
	}
	rc = uncia_network_parse(text, network, why);
	free(text);
	return rc;
}

const struct uncia_network *network_hold(const struct uncia_network *network)
{
	if (network)
		atomic_fetch_add(&((struct uncia_network *)(uintptr_t)network)->users, 1);
	return network;
}

void network_release(const struct uncia_network *network)
{
	struct uncia_network *n = (struct uncia_network *)(uintptr_t)network;
	if (!n || atomic_fetch_sub(&n->users, 1) != 1)
		return;
	genesis_deinit(&n->genesis);
	free(n->endpoints);
	free(n);
}

void uncia_network_free(struct uncia_network *network)
{
	network_release(network);
}

const char *uncia_network_name(const struct uncia_network *network)
{
	return network ? network->genesis.name : "";
}

const char *uncia_network_currency(const struct uncia_network *network)
{
	return network ? network->genesis.currency_code : "";
}

void uncia_network_id(const struct uncia_network *network, uint8_t id[32])
{
	if (network && id)
		memcpy(id, network->genesis.network_id.b, HASH_SIZE);
}

uint64_t uncia_network_smallest_amount(const struct uncia_network *network)
{
	return network ? network->genesis.smallest_amount : 0;
}

uint32_t uncia_network_validators(const struct uncia_network *network)
{
	return network ? network->endpoint_count : 0;
}

int uncia_network_validator(const struct uncia_network *network, uint32_t number, const char **host, uint16_t *port)
{
	if (!network || number >= network->endpoint_count || !host || !port)
		return UNCIA_E_ARGUMENT;
	*host = network->endpoints[number].host;
	*port = network->endpoints[number].port;
	return 0;
}

const char *uncia_network_websocket(const struct uncia_network *network, uint32_t number)
{
	if (!network || number >= network->endpoint_count || network->endpoints[number].websocket[0] == '\0')
		return NULL;
	return network->endpoints[number].websocket;
}
