/* A program of somebody else's against an installed libuncia, in what C99, C11 and C++17 have in common. It makes a
 * wallet in the directory that it is given and opens it, without a network. test_packages.py builds and runs it. */
#include <stdio.h>
#include <string.h>
#include <uncia/uncia.h>

#if UNCIA_VERSION_NUMBER < UNCIA_VERSION_MAKE(0, 1, 0)
#error "the headers are older than what this program is for"
#endif

size_t every_function(void);

int main(int argc, char **argv)
{
	struct uncia_host host;
	struct uncia_key_options key;
	struct uncia_wallet *wallet = NULL;
	char words[UNCIA_WORDS_TEXT_SIZE], opened[UNCIA_ADDRESS_TEXT_SIZE], expected[UNCIA_ADDRESS_TEXT_SIZE];
	int error;

	if (argc != 2 || every_function() == 0)
		return 2;
	if (strcmp(uncia_version(), UNCIA_VERSION) != 0 || uncia_version_number() != UNCIA_VERSION_NUMBER) {
		fprintf(stderr, "compiled against %s, run with %s\n", UNCIA_VERSION, uncia_version());
		return 1;
	}
	memset(&host, 0, sizeof(host));
	host.size = sizeof(host);
	memset(&key, 0, sizeof(key));
	key.size = sizeof(key);
	key.no_passphrase = true;
	error = uncia_host_directory(argv[1], &host);
	if (!error)
		error = uncia_words_make(NULL, 12, words);
	if (!error)
		error = uncia_wallet_create(&host, words, &key);
	if (!error)
		error = uncia_wallet_open(&host, NULL, NULL, &wallet);
	if (!error)
		error = uncia_wallet_address(wallet, opened);
	if (!error)
		error = uncia_words_address(words, expected);
	if (error || strcmp(opened, expected) != 0) {
		fprintf(stderr, "%s\n", uncia_error_text(error));
		return 1;
	}
	printf("%s %s\n", uncia_version(), opened);
	uncia_wallet_close(wallet);
	uncia_host_directory_free(&host);
	return 0;
}
