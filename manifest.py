metadata(
    description="Driver for Quectel cellular modules: TCP, UDP, TLS and CoAP over AT commands",
    version="0.1.0",
    license="MIT",
)
package("quectel", base_path="lib", opt=2)
