//! Connections in connections: what one around another does not do in its own way, the inner one does.

/// `AsyncWrite` of a type by that of its field.
macro_rules! writes_through {
    ($outer:ty, $field:ident) => {
        impl ::tokio::io::AsyncWrite for $outer {
            fn poll_write(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                bytes: &[u8],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::std::pin::Pin::new(&mut self.$field).poll_write(cx, bytes)
            }

            fn poll_write_vectored(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
                pieces: &[::std::io::IoSlice<'_>],
            ) -> ::std::task::Poll<::std::io::Result<usize>> {
                ::std::pin::Pin::new(&mut self.$field).poll_write_vectored(cx, pieces)
            }

            fn is_write_vectored(&self) -> bool {
                self.$field.is_write_vectored()
            }

            fn poll_flush(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::pin::Pin::new(&mut self.$field).poll_flush(cx)
            }

            fn poll_shutdown(
                mut self: ::std::pin::Pin<&mut Self>,
                cx: &mut ::std::task::Context<'_>,
            ) -> ::std::task::Poll<::std::io::Result<()>> {
                ::std::pin::Pin::new(&mut self.$field).poll_shutdown(cx)
            }
        }
    };
}

/// What Pingora asks of a connection beside reading and writing, by a field that is one. Not the addresses: those may be others.
macro_rules! known_by {
    ($outer:ty, $field:ident) => {
        #[::async_trait::async_trait]
        impl ::pingora_core::protocols::Shutdown for $outer {
            async fn shutdown(&mut self) {
                self.$field.shutdown().await;
            }
        }

        impl ::pingora_core::protocols::UniqueID for $outer {
            fn id(&self) -> ::pingora_core::protocols::UniqueIDType {
                self.$field.id()
            }
        }

        impl ::pingora_core::protocols::Ssl for $outer {
            fn get_ssl_digest(&self) -> Option<::std::sync::Arc<::pingora_core::protocols::tls::SslDigest>> {
                self.$field.get_ssl_digest()
            }

            fn selected_alpn_proto(&self) -> Option<::pingora_core::protocols::ALPN> {
                self.$field.selected_alpn_proto()
            }
        }

        impl ::pingora_core::protocols::GetTimingDigest for $outer {
            fn get_timing_digest(&self) -> Vec<Option<::pingora_core::protocols::TimingDigest>> {
                self.$field.get_timing_digest()
            }

            fn get_read_pending_time(&self) -> ::std::time::Duration {
                self.$field.get_read_pending_time()
            }

            fn get_write_pending_time(&self) -> ::std::time::Duration {
                self.$field.get_write_pending_time()
            }
        }

        impl ::pingora_core::protocols::GetProxyDigest for $outer {
            fn get_proxy_digest(
                &self,
            ) -> Option<::std::sync::Arc<::pingora_core::protocols::raw_connect::ProxyDigest>> {
                self.$field.get_proxy_digest()
            }
        }

        impl ::pingora_core::protocols::Peek for $outer {}

        impl ::std::fmt::Debug for $outer {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                ::std::fmt::Debug::fmt(&self.$field, f)
            }
        }
    };
}

pub(crate) use {known_by, writes_through};
